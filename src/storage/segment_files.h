#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "storage/file_cache.h"
#include "storage/segment_format.h"

namespace millrace::storage {

// What lies in the directory of one log. All of it blocks.

/// Which of the two files of one generation of a segment are there.
struct SegmentFilePair {
  bool data = false;
  bool index = false;
  bool whole() const { return data && index; }
};
using SegmentGenerations = std::map<std::uint32_t, SegmentFilePair>;
using SegmentFiles = std::map<Offset, SegmentGenerations>;

/// The segments by their base. Names that are none are added to `foreign`, when given.
Result<SegmentFiles> list_segment_files(io::Disk& disk, const std::string& directory,
                                        std::vector<std::string>* foreign = nullptr);
/// The generation that counts: the highest complete one. Nothing when none has both files.
std::optional<std::uint32_t> valid_generation(FileCache& cache, const std::string& directory, LogId log, Offset base,
                                              const SegmentGenerations& generations);

/// Whether what is left of a segment is that of a trim. A trim removes the last segment when all that it holds is below
/// the start; the next one may begin far behind that, because offsets are left out after a crash. When only a part of
/// the removal has come to the disk, the index tells that nothing is missed.
bool is_trimmed_leftover(FileCache& cache, const std::string& directory, LogId log, Offset base,
                         const SegmentGenerations& generations, Offset start);
/// Bytes of the batches in the .seg file; 0 when it cannot be told.
std::uint64_t segment_data_bytes(FileCache& cache, const std::string& directory, SegmentName name);

}  // namespace millrace::storage
