#include "wire/amqp091/methods.h"

#include <map>

#include "base/prng.h"
#include "wire/amqp091/field_table.h"
#include "wire/amqp091/frame.h"
#include "wire/amqp091/frame_writer.h"
#include "wire/amqp091/generated/visit_method.h"
#include "wire/amqp091/wire_test_support.h"

namespace millrace::wire::amqp091 {
namespace {

using bytes::ByteVector;
using bytes::Reader;

constexpr std::uint32_t kMethodFrameMax = 131072;
constexpr std::uint16_t kCapturedChannel = 0x0102;

/// Checks a field against the rule by which capture_frames.py chose its value.
struct CapturedValueCheck {
  unsigned bits = 0;

  void operator()(std::string_view name, std::string_view v) { EXPECT_EQ(v, std::string(name) + "-value"); }
  void operator()(std::string_view, bool v) { EXPECT_EQ(v, bits++ % 2 == 0); }
  void operator()(std::string_view, std::uint8_t v) { EXPECT_EQ(v, 0x11); }
  void operator()(std::string_view, std::uint16_t v) { EXPECT_EQ(v, 0x1213); }
  void operator()(std::string_view, std::uint32_t v) { EXPECT_EQ(v, 0x14151617U); }
  void operator()(std::string_view, std::uint64_t v) { EXPECT_EQ(v, 0x18191A1B1C1D1E1FULL); }
  void operator()(std::string_view, FieldTableView v) {
    EXPECT_EQ(v.find("key").value().as_text(), "value");
    EXPECT_EQ(v.find("number").value().as_int(), 5);
    EXPECT_EQ(v.count(), 2U);
  }
};

template <class M>
void check_captured(Reader& in, const ByteVector& frame) {
  const auto decoded = M::decode(in);
  ASSERT_TRUE(decoded.has_value()) << decoded.error().detail;
  CapturedValueCheck check;
  M::fields(*decoded, check);
  ByteVector out;
  append_method(out, kCapturedChannel, *decoded);
  EXPECT_EQ(to_hex(out), to_hex(frame));
}

TEST(Methods, ReadAndWriteWhatPikaWrites) {
  ASSERT_EQ(std::size(captured::kMethodFrames), std::size(kAllMethods));
  for (std::size_t i = 0; i < std::size(kAllMethods); ++i) {
    const captured::Capture& capture = captured::kMethodFrames[i];
    SCOPED_TRACE(capture.name);
    const ByteVector bytes = unhex(capture.hex);
    const FrameParse parsed = parse_frame(bytes, kMethodFrameMax);
    ASSERT_EQ(parsed.status, FrameStatus::complete);
    EXPECT_EQ(parsed.frame.channel, kCapturedChannel);
    EXPECT_EQ(parsed.frame.size, bytes.size());
    Reader in(parsed.frame.payload);
    const Method method = read_method(in);
    EXPECT_EQ(method, kAllMethods[i]);
    EXPECT_EQ(name_of(method), capture.name);
    EXPECT_TRUE(visit_method(method, [&]<class M>(std::type_identity<M>) { check_captured<M>(in, bytes); }));
  }
}

TEST(Methods, PublishAndDeliverByHand) {
  Reader publish_arguments(bytes::as_bytes(std::string_view("\0\0\2ex\2rk\1", 9)));
  const auto publish = BasicPublish::decode(publish_arguments);
  ASSERT_TRUE(publish.has_value());
  EXPECT_EQ(publish->exchange, "ex");
  EXPECT_EQ(publish->routing_key, "rk");
  EXPECT_TRUE(publish->mandatory);
  EXPECT_FALSE(publish->immediate);
  EXPECT_TRUE(BasicPublish::kHasContent);
  EXPECT_FALSE(BasicPublish::kSynchronous);
  EXPECT_EQ(class_id_of(BasicPublish::kMethod), 60);
  EXPECT_EQ(method_id_of(BasicPublish::kMethod), BasicPublish::kMethodId);
  EXPECT_EQ(ExchangeUnbindOk::kMethodId, 51);
}

/// Fills fields with random values; texts live in `texts`, tables in `tables`.
struct RandomFill {
  base::Prng& prng;
  std::vector<std::unique_ptr<std::string>> texts;
  std::vector<std::unique_ptr<ByteVector>> tables;

  void operator()(std::string_view, std::string_view& v) {
    const std::size_t size = prng.below(4) == 0 ? 255 : prng.below(20);
    texts.push_back(std::make_unique<std::string>(size, static_cast<char>('a' + prng.below(26))));
    v = *texts.back();
  }
  void operator()(std::string_view, bool& v) { v = prng.below(2) == 1; }
  template <std::unsigned_integral T>
  void operator()(std::string_view, T& v) {
    v = static_cast<T>(prng.next());
  }
  void operator()(std::string_view, FieldTableView& v) {
    FieldTable table;
    for (std::uint64_t i = prng.below(4); i > 0; --i) table.add("k" + std::to_string(i), FieldArray{true, "x"});
    tables.push_back(std::make_unique<ByteVector>(table.content()));
    v = FieldTableView::trusted(*tables.back());
  }
};

template <class M>
void round_trip(base::Prng& prng) {
  for (int i = 0; i < 50; ++i) {
    M method;
    RandomFill fill{prng, {}, {}};
    M::fields(method, fill);
    ByteVector out;
    bytes::Writer writer(out);
    method.encode(writer);
    ASSERT_EQ(out.size(), method.encoded_size());
    Reader in(out);
    const auto again = M::decode(in);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(*again, method);
    for (std::size_t size = 0; size < out.size(); ++size) {
      Reader cut(bytes::ByteView(out).first(size));
      EXPECT_FALSE(M::decode(cut).has_value()) << size << " of " << out.size();
    }
    out.push_back(0);
    Reader longer(out);
    const auto refused = M::decode(longer);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, WireErrc::trailing_bytes);
  }
}

TEST(Methods, RoundTripEveryMethodAndRefuseEveryCut) {
  base::Prng prng(11);
  for (const Method method : kAllMethods) {
    SCOPED_TRACE(name_of(method));
    visit_method(method, [&]<class M>(std::type_identity<M>) { round_trip<M>(prng); });
  }
}

TEST(Methods, UnknownOnesHaveNoNameAndNoVisit) {
  const auto unknown = static_cast<Method>((60U << 16) | 200);
  EXPECT_TRUE(name_of(unknown).empty());
  EXPECT_TRUE(name_of(static_cast<Method>(0xFFFFFFFF)).empty());
  EXPECT_FALSE(visit_method(unknown, [](auto) { FAIL(); }));
}

TEST(Methods, ATableErrorIsTold) {
  // queue.declare whose arguments hold a value of the unknown type 'Z'.
  ByteVector bytes;
  bytes::Writer writer(bytes);
  QueueDeclare declare;
  const ByteVector bad{1, 'a', 'Z'};
  declare.arguments = FieldTableView::trusted(bad);
  declare.encode(writer);
  Reader in(bytes);
  const auto decoded = QueueDeclare::decode(in);
  ASSERT_FALSE(decoded.has_value());
  EXPECT_EQ(decoded.error().code, WireErrc::bad_field_table);
  EXPECT_EQ(reply_code_for(decoded.error().code), ReplyCode::syntax_error);
}

TEST(Methods, LongReplyTextsAreCutBetweenCharacters) {
  std::string text(254, 'x');
  text += "ü and more";
  ChannelClose close{.reply_code = 404, .reply_text = text, .class_id = 50, .method_id = 10};
  ByteVector bytes;
  bytes::Writer writer(bytes);
  close.encode(writer);
  EXPECT_EQ(bytes.size(), close.encoded_size());
  Reader in(bytes);
  EXPECT_EQ(ChannelClose::decode(in).value().reply_text, std::string(254, 'x'));
}

TEST(MethodsDeathTest, ShortStringsThatAreTooLongAreABug) {
  const std::string text(256, 'x');
  BasicCancel cancel{.consumer_tag = text};
  EXPECT_DEATH((void)cancel.encoded_size(), "short string of 256 bytes");
}

TEST(Constants, ReplyCodes) {
  EXPECT_EQ(name_of(ReplyCode::not_found), "NOT_FOUND");
  EXPECT_EQ(name_of(static_cast<ReplyCode>(999)), "UNKNOWN");
  for (const ReplyCode soft : {ReplyCode::content_too_large, ReplyCode::no_route, ReplyCode::access_refused,
                               ReplyCode::not_found, ReplyCode::resource_locked, ReplyCode::precondition_failed}) {
    EXPECT_FALSE(is_hard_error(soft));
  }
  for (const ReplyCode hard : {ReplyCode::connection_forced, ReplyCode::invalid_path, ReplyCode::frame_error,
                               ReplyCode::not_allowed, ReplyCode::not_implemented, ReplyCode::internal_error}) {
    EXPECT_TRUE(is_hard_error(hard));
  }
  EXPECT_EQ(reply_code_for(WireErrc::frame_too_large), ReplyCode::frame_error);
  EXPECT_EQ(reply_code_for(WireErrc::unknown_method), ReplyCode::command_invalid);
}

}  // namespace
}  // namespace millrace::wire::amqp091
