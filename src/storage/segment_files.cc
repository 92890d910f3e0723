#include "storage/segment_files.h"

#include "storage/segment_index.h"

namespace millrace::storage {

Result<SegmentFiles> list_segment_files(io::Disk& disk, const std::string& directory,
                                        std::vector<std::string>* foreign) {
  const auto names = disk.list(directory);
  if (!names.has_value()) return storage_failure(names.error());
  SegmentFiles found;
  for (const std::string& file : *names) {
    bool is_index = false;
    const auto name = parse_segment_name(file, is_index);
    if (!name.has_value()) {
      if (foreign != nullptr) foreign->push_back(file);
      continue;
    }
    SegmentFilePair& pair = found[name->base][name->generation];
    (is_index ? pair.index : pair.data) = true;
  }
  return found;
}

std::uint64_t segment_data_bytes(FileCache& cache, const std::string& directory, SegmentName name) {
  const auto file = cache.open(segment_path(directory, name));
  if (!file.has_value()) return 0;
  const auto size = (*file)->size();
  return size.has_value() && *size > kSegmentHeaderSize ? *size - kSegmentHeaderSize : 0;
}

std::optional<std::uint32_t> valid_generation(FileCache& cache, const std::string& directory, LogId log, Offset base,
                                              const SegmentGenerations& generations) {
  std::optional<std::uint32_t> highest_whole;
  for (auto it = generations.rbegin(); it != generations.rend(); ++it) {
    if (!it->second.whole()) continue;
    if (it->first == 0) return 0;
    auto index = IndexReader::open(cache, directory, log, {base, it->first});
    if (index.has_value() && index->header().has_value()) return it->first;
    if (!highest_whole.has_value()) highest_whole = it->first;
  }
  return highest_whole;
}

bool is_trimmed_leftover(FileCache& cache, const std::string& directory, LogId log, Offset base,
                         const SegmentGenerations& generations, Offset start) {
  for (const auto& [generation, pair] : generations) {
    if (!pair.index) return false;
    auto index = IndexReader::open(cache, directory, log, {base, generation});
    if (!index.has_value() || index->count() == 0) return false;
    const auto last = index->entry(index->count() - 1);
    if (!last.has_value() || last->end() > start) return false;
  }
  return true;
}

}  // namespace millrace::storage
