// SPDX-License-Identifier: Apache-2.0
#include "intake/pseudonym.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/check.h"
#include "core/hash.h"

namespace clinnova::intake {
namespace {

/// The zero byte keeps ("ab", "c") and ("a", "bc") apart.
constexpr std::string_view kZero("\0", 1);

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

std::int64_t FirstBits(const std::array<std::uint8_t, 32>& mac) {
  std::uint64_t bits = 0;
  for (int i = 0; i < 8; ++i) bits |= static_cast<std::uint64_t>(mac[i]) << (8 * i);
  const auto id = static_cast<std::int64_t>(bits & 0x7fffffffffffffffULL);
  return id == 0 ? 1 : id;
}

}  // namespace

Result<PseudonymKey> PseudonymKey::LoadOrCreate(const std::string& path) {
  if (sodium_init() < 0) return Fail(ErrorCode::kFailed, "no source of randomness");
  PseudonymKey key;
  Descriptor created{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  if (created.number >= 0) {
    randombytes_buf(key.key_.data(), key.key_.size());
    if (::write(created.number, key.key_.data(), key.key_.size()) != 32 ||
        ::fsync(created.number) != 0) {
      ::unlink(path.c_str());
      return KeyError(path, std::string("cannot be written: ") + std::strerror(errno));
    }
    return key;
  }
  if (errno != EEXIST)
    return KeyError(path, std::string("cannot be made: ") + std::strerror(errno));
  Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat status{};
  if (file.number < 0 || ::fstat(file.number, &status) != 0) {
    return KeyError(path, std::string("cannot be read: ") + std::strerror(errno));
  }
  if ((status.st_mode & 077) != 0) return KeyError(path, "others can read it, expected mode 0600");
  if (status.st_size != 32 || ::read(file.number, key.key_.data(), 32) != 32) {
    return KeyError(path, "found " + std::to_string(status.st_size) + " bytes, expected 32");
  }
  return key;
}

Result<PseudonymKey> PseudonymKey::ForMemory() {
  if (sodium_init() < 0) return Fail(ErrorCode::kFailed, "no source of randomness");
  PseudonymKey key;
  randombytes_buf(key.key_.data(), key.key_.size());
  return key;
}

PseudonymKey::~PseudonymKey() { sodium_memzero(key_.data(), key_.size()); }

PseudonymKey::PseudonymKey(PseudonymKey&& other) noexcept : key_(other.key_) {
  sodium_memzero(other.key_.data(), other.key_.size());
}

PseudonymKey& PseudonymKey::operator=(PseudonymKey&& other) noexcept {
  if (this != &other) {
    key_ = other.key_;
    sodium_memzero(other.key_.data(), other.key_.size());
  }
  return *this;
}

std::array<std::uint8_t, 32> PseudonymKey::Mac(
    std::initializer_list<std::string_view> pieces) const {
  crypto_generichash_state state;
  std::array<std::uint8_t, 32> mac{};
  bool done = crypto_generichash_init(&state, key_.data(), key_.size(), mac.size()) == 0;
  for (const std::string_view piece : pieces) {
    done = done &&
           crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(piece.data()),
                                     piece.size()) == 0;
  }
  done = done && crypto_generichash_final(&state, mac.data(), mac.size()) == 0;
  CLINNOVA_CHECK(done);
  return mac;
}

std::string PseudonymKey::Fingerprint() const {
  return core::ToHex(core::ByteView(Mac({"fingerprint", kZero})).first(8));
}

std::string PseudonymKey::Pseudonym(std::string_view patient_id) const {
  return core::ToHex(core::ByteView(Mac({"pseudonym", kZero, patient_id})).first(16));
}

std::int64_t PseudonymKey::PersonId(std::string_view patient_id) const {
  return FirstBits(Mac({"person", kZero, patient_id}));
}

std::int64_t PseudonymKey::RowId(std::string_view kind, std::string_view id) const {
  return FirstBits(Mac({"row ", kind, kZero, id}));
}

}  // namespace clinnova::intake
