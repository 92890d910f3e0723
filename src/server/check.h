#pragma once

#include <string>

namespace millrace::server {

/// `millrace-server --check DIR`: verifies everything stored there without changing it and prints what it finds.
/// Returns the program's exit status: 0 when all is well, 1 for damage, 2 when it cannot be read.
int check_data_directory(const std::string& directory);

}  // namespace millrace::server
