#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

// The journal of what a server did to its data folder: enough to undo everything that was not synced.
//
// Environment: LOST_SYNC_ROOT is the folder, LOST_SYNC_LOG the journal (outside of it), LOST_SYNC_SAVED a folder of the
// same file system that keeps a link to every file that was removed or replaced.
//
// A record: magic u32 | kind u32 | inode u64 | position u64 | old size u64 | text length u32 | old length u32 | new
// length u32 | unused u32, then text, old bytes and new bytes. Little endian. lost_sync.py reads it.
namespace millrace::crash::lost_sync {

enum class Kind : std::uint32_t {
  write = 1,        // position: where; old and new bytes
  resize = 2,       // position: the new size; old bytes: what was cut off
  sync = 3,         // position: how many records there were when the sync began
  create = 4,       // text: path; inode: of the folder
  rename = 5,       // text: from, zero octet, to, zero octet, saved link of what was replaced (or nothing)
  remove = 6,       // text: path, zero octet, saved link
  sync_folder = 7,  // as sync, of a folder
  make_folder = 8   // text: path
};

/// True for a path inside LOST_SYNC_ROOT.
bool is_inside(std::string_view path);

/// Remembers which descriptors belong to files inside.
void track(int fd, bool inside);
bool is_tracked(int fd);

/// Holds the order of records equal to the order of what they describe; everything below needs it held.
void lock();
void unlock();

std::uint64_t records();
void append(Kind kind, std::uint64_t inode, std::uint64_t position, std::uint64_t old_size, std::string_view text = {},
            std::span<const std::byte> old_bytes = {}, std::span<const std::byte> new_bytes = {});

/// Records a write of `size` octets to `position` that is about to happen.
void before_write(int fd, const std::byte* data, std::size_t size, off_t position);
/// Records that the file is about to have `size` octets.
void before_resize(int fd, off_t size);

/// Links a file into LOST_SYNC_SAVED and returns the link's path; empty when there is no such file.
std::string_view save(const char* path);
/// The inode of the folder that holds a path.
std::uint64_t folder_inode(std::string_view path);

}  // namespace millrace::crash::lost_sync
