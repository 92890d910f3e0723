#include "io/process_info.h"

#include <unistd.h>

#include <fstream>

namespace millrace::io {

base::Bytes resident_memory() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  statm >> total >> resident;
  return base::Bytes(resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)));
}

base::Bytes machine_memory() {
  return base::Bytes(static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) *
                     static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)));
}

}  // namespace millrace::io
