// SPDX-License-Identifier: Apache-2.0
#include "intake/key_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace clinnova::intake {
namespace {

/// Closes a file descriptor.
struct Descriptor {
  int number = -1;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

tl::unexpected<Error> KeyError(const std::string& path, const std::string& what) {
  return Fail(ErrorCode::kInvalidInput, "key file " + path + ": " + what);
}

tl::unexpected<Error> SystemError(const std::string& path, const std::string& what) {
  return KeyError(path, what + ": " + std::strerror(errno));
}

bool WriteAll(int file, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

bool SyncFolderOf(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  const Descriptor opened{
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  return opened.number >= 0 && ::fsync(opened.number) == 0;
}

}  // namespace

Result<void> WriteKeyFile(const std::string& path, std::span<const std::uint8_t> bytes,
                          KeyFileMode mode) {
  const std::string part = path + ".part";
  ::unlink(part.c_str());
  {
    const Descriptor file{::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    if (file.number < 0) return SystemError(path, "cannot be made");
    if (!WriteAll(file.number, bytes) || ::fsync(file.number) != 0) {
      auto error = SystemError(path, "cannot be written");
      ::unlink(part.c_str());
      return error;
    }
  }
  // A link, unlike a rename, fails when the name is taken.
  const bool placed = mode == KeyFileMode::kNew ? ::link(part.c_str(), path.c_str()) == 0
                                                : ::rename(part.c_str(), path.c_str()) == 0;
  auto error = SystemError(path, "cannot be written");
  if (!placed || mode == KeyFileMode::kNew) ::unlink(part.c_str());
  if (!placed) return error;
  if (!SyncFolderOf(path)) return SystemError(path, "its folder cannot be synced");
  return {};
}

Result<std::vector<std::uint8_t>> ReadKeyFile(const std::string& path, std::size_t most) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat status{};
  if (file.number < 0 || ::fstat(file.number, &status) != 0) {
    return SystemError(path, "cannot be read");
  }
  if (!S_ISREG(status.st_mode)) return KeyError(path, "is not a plain file");
  if ((status.st_mode & 077) != 0) return KeyError(path, "others can read it, expected mode 0600");
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > most) {
    return KeyError(
        path, "found " + std::to_string(size) + " bytes, expected at most " + std::to_string(most));
  }
  std::vector<std::uint8_t> bytes(size);
  if (::read(file.number, bytes.data(), size) != static_cast<ssize_t>(size)) {
    return SystemError(path, "cannot be read");
  }
  return bytes;
}

}  // namespace clinnova::intake
