// SPDX-License-Identifier: Apache-2.0
#include "federation/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace clinnova::federation {
namespace {

constexpr off_t kLargestFile = 16 << 20;

/// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

tl::unexpected<Error> SystemFailure(const std::filesystem::path& path, std::string_view what) {
  return Fail(ErrorCode::kFailed,
              path.string() + ": " + std::string(what) + ": " + std::strerror(errno));
}

bool WriteAll(int fd, core::ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

Result<void> WriteDurably(const std::filesystem::path& path, core::ByteView bytes) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.get() < 0) return SystemFailure(path, "cannot create");
  if (!WriteAll(file.get(), bytes) || ::fsync(file.get()) != 0) {
    auto failure = SystemFailure(path, "cannot write");
    ::unlink(path.c_str());
    return failure;
  }
  return {};
}

std::filesystem::path Folder(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

/// Makes a rename or link in the folder of `path` survive a loss of power.
Result<void> SyncFolder(const std::filesystem::path& path) {
  const Descriptor folder(::open(Folder(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0 || ::fsync(folder.get()) != 0) return SystemFailure(path, "cannot sync");
  return {};
}

std::filesystem::path TemporaryName(const std::filesystem::path& path) {
  std::array<std::uint8_t, 8> random{};
  FillRandom(random);
  std::string name = path.string() + ".new-";
  for (const std::uint8_t byte : random) name += std::to_string(byte);
  return name;
}

}  // namespace

Result<void> CreateSecretFile(const std::filesystem::path& path, core::ByteView bytes) {
  const std::filesystem::path temporary = TemporaryName(path);
  CLINNOVA_TRY(WriteDurably(temporary, bytes));
  // A link, unlike a rename, fails when the name is taken.
  const int linked = ::link(temporary.c_str(), path.c_str());
  const int reason = errno;
  ::unlink(temporary.c_str());
  if (linked != 0 && reason == EEXIST) {
    return Fail(ErrorCode::kInvalidInput, path.string() + ": exists already, expected a new file");
  }
  errno = reason;
  if (linked != 0) return SystemFailure(path, "cannot create");
  return SyncFolder(path);
}

Result<void> ReplaceSecretFile(const std::filesystem::path& path, core::ByteView bytes) {
  const std::filesystem::path temporary = TemporaryName(path);
  CLINNOVA_TRY(WriteDurably(temporary, bytes));
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    auto failure = SystemFailure(path, "cannot replace");
    ::unlink(temporary.c_str());
    return failure;
  }
  return SyncFolder(path);
}

Result<SecretBuffer> ReadSecretFile(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) {
    return Fail(ErrorCode::kInvalidInput, path.string() + ": cannot read: " + std::strerror(errno));
  }
  if (!S_ISREG(status.st_mode) || status.st_size > kLargestFile) {
    return Fail(ErrorCode::kInvalidInput, path.string() + ": not a file of secrets");
  }
  if ((status.st_mode & 077) != 0) {
    return Fail(ErrorCode::kInvalidInput,
                path.string() + ": readable by others, expected mode 0600 (chmod 600)");
  }
  SecretBuffer content(static_cast<std::size_t>(status.st_size));
  std::span<std::uint8_t> rest = content.bytes();
  while (!rest.empty()) {
    const ssize_t got = ::read(file.get(), rest.data(), rest.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return SystemFailure(path, "cannot read");
    rest = rest.subspan(static_cast<std::size_t>(got));
  }
  return content;
}

}  // namespace clinnova::federation
