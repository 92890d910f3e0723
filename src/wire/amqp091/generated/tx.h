// Written by tools/amqp/generate.py from tools/amqp/methods.tsv; change that and run it again.
// The members common to all structs are described in methods.h.
#pragma once

#include "wire/amqp091/arguments.h"
#include "wire/amqp091/generated/method_ids.h"

namespace millrace::wire::amqp091 {

/// tx.select (90.10)
struct TxSelect {
  static constexpr Method kMethod = Method::tx_select;
  static constexpr ClassId kClassId = ClassId::tx_class;
  static constexpr std::uint16_t kMethodId = 10;
  static constexpr std::string_view kName = "tx.select";
  static constexpr bool kSynchronous = true;
  static constexpr bool kHasContent = false;

  static Decoded<TxSelect> decode(bytes::Reader& in) {
    Decoded<TxSelect> result;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 0; }
  std::uint8_t* put(std::uint8_t* to) const { return to; }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self&, Visit&&) {}
  friend bool operator==(const TxSelect&, const TxSelect&) = default;
};

/// tx.select-ok (90.11)
struct TxSelectOk {
  static constexpr Method kMethod = Method::tx_select_ok;
  static constexpr ClassId kClassId = ClassId::tx_class;
  static constexpr std::uint16_t kMethodId = 11;
  static constexpr std::string_view kName = "tx.select-ok";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = false;

  static Decoded<TxSelectOk> decode(bytes::Reader& in) {
    Decoded<TxSelectOk> result;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 0; }
  std::uint8_t* put(std::uint8_t* to) const { return to; }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self&, Visit&&) {}
  friend bool operator==(const TxSelectOk&, const TxSelectOk&) = default;
};

/// tx.commit (90.20)
struct TxCommit {
  static constexpr Method kMethod = Method::tx_commit;
  static constexpr ClassId kClassId = ClassId::tx_class;
  static constexpr std::uint16_t kMethodId = 20;
  static constexpr std::string_view kName = "tx.commit";
  static constexpr bool kSynchronous = true;
  static constexpr bool kHasContent = false;

  static Decoded<TxCommit> decode(bytes::Reader& in) {
    Decoded<TxCommit> result;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 0; }
  std::uint8_t* put(std::uint8_t* to) const { return to; }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self&, Visit&&) {}
  friend bool operator==(const TxCommit&, const TxCommit&) = default;
};

/// tx.commit-ok (90.21)
struct TxCommitOk {
  static constexpr Method kMethod = Method::tx_commit_ok;
  static constexpr ClassId kClassId = ClassId::tx_class;
  static constexpr std::uint16_t kMethodId = 21;
  static constexpr std::string_view kName = "tx.commit-ok";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = false;

  static Decoded<TxCommitOk> decode(bytes::Reader& in) {
    Decoded<TxCommitOk> result;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 0; }
  std::uint8_t* put(std::uint8_t* to) const { return to; }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self&, Visit&&) {}
  friend bool operator==(const TxCommitOk&, const TxCommitOk&) = default;
};

/// tx.rollback (90.30)
struct TxRollback {
  static constexpr Method kMethod = Method::tx_rollback;
  static constexpr ClassId kClassId = ClassId::tx_class;
  static constexpr std::uint16_t kMethodId = 30;
  static constexpr std::string_view kName = "tx.rollback";
  static constexpr bool kSynchronous = true;
  static constexpr bool kHasContent = false;

  static Decoded<TxRollback> decode(bytes::Reader& in) {
    Decoded<TxRollback> result;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 0; }
  std::uint8_t* put(std::uint8_t* to) const { return to; }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self&, Visit&&) {}
  friend bool operator==(const TxRollback&, const TxRollback&) = default;
};

/// tx.rollback-ok (90.31)
struct TxRollbackOk {
  static constexpr Method kMethod = Method::tx_rollback_ok;
  static constexpr ClassId kClassId = ClassId::tx_class;
  static constexpr std::uint16_t kMethodId = 31;
  static constexpr std::string_view kName = "tx.rollback-ok";
  static constexpr bool kSynchronous = false;
  static constexpr bool kHasContent = false;

  static Decoded<TxRollbackOk> decode(bytes::Reader& in) {
    Decoded<TxRollbackOk> result;
    if (!all_read(in)) result = std::unexpected(arguments_error(in));
    return result;
  }
  std::size_t encoded_size() const { return 0; }
  std::uint8_t* put(std::uint8_t* to) const { return to; }
  void encode(bytes::Writer& out) const { put(out.grow(encoded_size())); }
  template <class Self, class Visit>
  static void fields(Self&, Visit&&) {}
  friend bool operator==(const TxRollbackOk&, const TxRollbackOk&) = default;
};

}  // namespace millrace::wire::amqp091
