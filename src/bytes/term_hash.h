#pragma once

#include <cstdint>

#include "bytes/view.h"

namespace millrace::bytes {

// The portable hash of Erlang's terms (erlang:phash2/1), bit for bit, for the few kinds of terms that are needed. It is
// the same on every machine and in every version since 2004, and below 2^27.

/// Of a binary.
std::uint32_t term_hash(ByteView value);
/// Of a float.
std::uint32_t term_hash(double value);
/// Of the atoms `undefined`, `true` and `false`: hashes of names.
constexpr std::uint32_t kUndefinedHash = 45'914'356;
constexpr std::uint32_t kTrueHash = 506'293;
constexpr std::uint32_t kFalseHash = 7'111'573;

}  // namespace millrace::bytes
