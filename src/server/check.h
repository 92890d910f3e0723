#pragma once

#include <string>

namespace millrace::server {

/// `millrace-server --check DIR`: verifies everything stored there and prints what it finds. Creates and changes
/// nothing, so the directory may be read-only. Returns the program's exit status: 0 when all is well, 1 for damage, 2
/// when it cannot be read: no such directory, in use, no permission, or written by a newer version.
int check_data_directory(const std::string& directory);

}  // namespace millrace::server
