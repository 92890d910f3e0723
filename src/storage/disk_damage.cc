#include "storage/disk_damage.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace millrace::storage {

namespace {

constexpr std::uint64_t kSector = 512;
constexpr int kAttempts = 3;
/// A disk takes seconds for each refusal. After so many, the rest that is refused is not taken apart any further.
constexpr int kMostRefusals = 500;

class AroundDamage {
 public:
  AroundDamage(io::File& file, std::uint64_t position, std::span<std::uint8_t> into)
      : file_(file), position_(position), into_(into) {}

  io::Result<std::vector<UnreadablePart>> run() {
    if (auto read = read_piece(0, into_.size()); !read) return std::unexpected(std::move(read.error()));
    return std::move(parts_);
  }

 private:
  io::Result<void> read_piece(std::uint64_t begin, std::uint64_t end);
  void give_up(std::uint64_t begin, std::uint64_t end);

  io::File& file_;
  std::uint64_t position_;
  std::span<std::uint8_t> into_;
  int refusals_ = 0;
  std::vector<UnreadablePart> parts_;
};

io::Result<void> AroundDamage::read_piece(std::uint64_t begin, std::uint64_t end) {
  const auto piece = into_.subspan(begin, end - begin);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const auto count = file_.read_at(position_ + begin, piece);
    if (count) {
      std::fill(piece.begin() + static_cast<std::ptrdiff_t>(*count), piece.end(), std::uint8_t{0});
      return {};
    }
    if (count.error().code != io::IoErrc::bad_medium) return std::unexpected(count.error());
    if (++refusals_ > kMostRefusals) break;
  }
  if (piece.size() <= kSector || refusals_ > kMostRefusals) {
    give_up(begin, end);
    return {};
  }
  const std::uint64_t half = (piece.size() / 2 + kSector - 1) / kSector * kSector;
  const std::uint64_t middle = begin + std::min<std::uint64_t>(half, piece.size() - 1);
  if (auto first = read_piece(begin, middle); !first) return first;
  return read_piece(middle, end);
}

void AroundDamage::give_up(std::uint64_t begin, std::uint64_t end) {
  const auto piece = into_.subspan(begin, end - begin);
  std::fill(piece.begin(), piece.end(), std::uint8_t{0});
  if (!parts_.empty() && parts_.back().end == position_ + begin) {
    parts_.back().end = position_ + end;
  } else {
    parts_.push_back({position_ + begin, position_ + end});
  }
}

}  // namespace

io::Result<std::vector<UnreadablePart>> read_around_damage(io::File& file, std::uint64_t position,
                                                           std::span<std::uint8_t> into) {
  return AroundDamage(file, position, into).run();
}

bool any_within(const std::vector<UnreadablePart>& parts, std::uint64_t begin, std::uint64_t end) {
  return std::ranges::any_of(parts, [&](const UnreadablePart& part) { return part.begin < end && part.end > begin; });
}

Result<void> put_aside(io::Disk& disk, const std::string& path) {
  const std::string first = path + ".damaged";
  std::string aside = first;
  for (int n = 2; disk.exists(aside); ++n) aside = fmt::format("{}.{}", first, n);
  auto done = disk.rename(path, aside);
  if (done) done = disk.sync_directory(path.substr(0, path.rfind('/')));
  if (!done) return io_failure(done.error());
  base::log::error("{} cannot be read; it is kept as {}", path, aside);
  return {};
}

}  // namespace millrace::storage
