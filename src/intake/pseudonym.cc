// SPDX-License-Identifier: Apache-2.0
#include "intake/pseudonym.h"

#include <sodium.h>

#include <algorithm>
#include <filesystem>

#include "core/check.h"
#include "core/hash.h"
#include "intake/key_file.h"

namespace clinnova::intake {
namespace {

/// The zero byte keeps ("ab", "c") and ("a", "bc") apart.
constexpr std::string_view kZero("\0", 1);
constexpr std::size_t kKeyBytes = 32;
/// A rotation every day for more than ten years.
constexpr std::size_t kMostGenerations = 4096;

std::int64_t FirstBits(core::ByteView mac) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < 8; ++i) bits |= static_cast<std::uint64_t>(mac[i]) << (8 * i);
  const auto id = static_cast<std::int64_t>(bits & 0x7fffffffffffffffULL);
  return id == 0 ? 1 : id;
}

std::string PseudonymText(const std::array<std::uint8_t, 32>& mac) {
  return core::ToHex(core::ByteView(mac).first(16));
}

/// The 8 bytes of an identifier, the lowest first.
std::array<char, 8> BytesOf(std::int64_t id) {
  std::array<char, 8> bytes{};
  for (int i = 0; i < 8; ++i) {
    bytes[i] = static_cast<char>(static_cast<std::uint64_t>(id) >> (8 * i));
  }
  return bytes;
}

Result<void> StartCryptography() {
  if (sodium_init() < 0) return Fail(ErrorCode::kFailed, "no source of randomness");
  return {};
}

}  // namespace

Result<PseudonymKey> PseudonymKey::Load(const std::string& path) {
  CLINNOVA_TRY(StartCryptography());
  CLINNOVA_ASSIGN(std::vector<std::uint8_t> bytes, ReadKeyFile(path, kMostGenerations * kKeyBytes));
  const std::size_t size = bytes.size();
  PseudonymKey key;
  if (size > 0 && size % kKeyBytes == 0) {
    key.keys_.resize(size / kKeyBytes);
    for (std::size_t g = 0; g < key.keys_.size(); ++g) {
      std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(g * kKeyBytes), kKeyBytes,
                  key.keys_[g].begin());
    }
  }
  sodium_memzero(bytes.data(), size);
  if (!key.keys_.empty()) {
    key.DeriveRowKey();
    return key;
  }
  return Fail(ErrorCode::kInvalidInput, "key file " + path + ": found " + std::to_string(size) +
                                            " bytes, expected 32 for each generation");
}

Result<PseudonymKey> PseudonymKey::LoadOrCreate(const std::string& path) {
  std::error_code none;
  if (std::filesystem::exists(path, none)) return Load(path);
  CLINNOVA_ASSIGN(PseudonymKey key, ForMemory());
  CLINNOVA_TRY(WriteKeyFile(path, key.keys_.front(), KeyFileMode::kNew));
  return key;
}

Result<PseudonymKey> PseudonymKey::ForMemory() {
  CLINNOVA_TRY(StartCryptography());
  PseudonymKey key;
  key.AddGeneration();
  return key;
}

Result<void> PseudonymKey::Save(const std::string& path) const {
  std::vector<std::uint8_t> bytes;
  bytes.reserve(keys_.size() * kKeyBytes);
  for (const Key& key : keys_) bytes.insert(bytes.end(), key.begin(), key.end());
  Result<void> written = WriteKeyFile(path, bytes, KeyFileMode::kReplace);
  sodium_memzero(bytes.data(), bytes.size());
  return written;
}

void PseudonymKey::Zero() {
  for (Key& key : keys_) sodium_memzero(key.data(), key.size());
  sodium_memzero(row_key_.data(), row_key_.size());
}

PseudonymKey::~PseudonymKey() { Zero(); }

PseudonymKey& PseudonymKey::operator=(PseudonymKey&& other) noexcept {
  std::swap(keys_, other.keys_);
  std::swap(row_key_, other.row_key_);
  row_hash_ = other.row_hash_;
  other.Zero();
  other.keys_.clear();
  return *this;
}

void PseudonymKey::AddGeneration() {
  CLINNOVA_CHECK(keys_.size() < kMostGenerations);
  std::vector<Key> more;
  more.reserve(keys_.size() + 1);
  more = keys_;
  randombytes_buf(more.emplace_back().data(), kKeyBytes);
  Zero();
  keys_ = std::move(more);
  DeriveRowKey();
}

void PseudonymKey::KeepGenerations(std::size_t count) {
  CLINNOVA_CHECK(count >= 1 && count <= keys_.size());
  for (std::size_t g = count; g < keys_.size(); ++g) sodium_memzero(keys_[g].data(), kKeyBytes);
  keys_.resize(count);
}

PseudonymKey::Key PseudonymKey::Mac(std::size_t generation, Pieces pieces) const {
  const Key& key = keys_[generation];
  crypto_generichash_state state;
  Key mac{};
  bool done = crypto_generichash_init(&state, key.data(), key.size(), mac.size()) == 0;
  for (const std::string_view piece : pieces) {
    done = done &&
           crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(piece.data()),
                                     piece.size()) == 0;
  }
  done = done && crypto_generichash_final(&state, mac.data(), mac.size()) == 0;
  CLINNOVA_CHECK(done);
  return mac;
}

// Of all generations: a file whose last key is right and an earlier one wrong makes wrong pseudonyms, too.
std::string PseudonymKey::Fingerprint(std::size_t generations) const {
  CLINNOVA_CHECK(generations >= 1 && generations <= keys_.size());
  std::string fingerprint;
  for (std::size_t g = 0; g < generations; ++g) {
    fingerprint = core::ToHex(core::ByteView(Mac(g, {"fingerprint", kZero, fingerprint})).first(8));
  }
  return fingerprint;
}

std::string PseudonymKey::Pseudonym(std::string_view patient_id) const {
  std::string pseudonym = PseudonymText(Mac(0, {"pseudonym", kZero, patient_id}));
  for (std::size_t g = 1; g < keys_.size(); ++g) pseudonym = NextPseudonym(g, pseudonym);
  return pseudonym;
}

std::int64_t PseudonymKey::PersonId(std::string_view patient_id) const {
  return TakenId(FirstBits(Mac(0, {"person", kZero, patient_id})));
}

void PseudonymKey::DeriveRowKey() {
  static_assert(crypto_shorthash_siphash24_KEYBYTES == sizeof row_key_);
  Key mac = Mac(0, {"row key"});
  std::copy_n(mac.begin(), row_key_.size(), row_key_.begin());
  sodium_memzero(mac.data(), mac.size());
}

std::int64_t PseudonymKey::RowId(std::string_view kind, std::string_view id) const {
  if (row_hash_ == RowHash::kBlake2b) {
    return TakenId(FirstBits(Mac(0, {"row ", kind, kZero, id})));
  }
  std::array<char, 128> room;  // for nearly all of them
  std::string longer;
  const std::size_t size = kind.size() + 1 + id.size();
  if (size > room.size()) longer.resize(size);
  char* const text = size > room.size() ? longer.data() : room.data();
  char* end = std::copy(kind.begin(), kind.end(), text);
  *end++ = 0;
  std::copy(id.begin(), id.end(), end);
  std::array<std::uint8_t, crypto_shorthash_siphash24_BYTES> hash{};
  crypto_shorthash_siphash24(hash.data(), reinterpret_cast<const unsigned char*>(text), size,
                             row_key_.data());
  return TakenId(FirstBits(hash));
}

std::int64_t PseudonymKey::TakenId(std::int64_t id) const {
  for (std::size_t g = 1; g < keys_.size(); ++g) id = NextId(g, id);
  return id;
}

std::int64_t PseudonymKey::Rotated(std::int64_t id) const { return NextId(keys_.size() - 1, id); }

std::string PseudonymKey::Rotated(std::string_view pseudonym) const {
  return NextPseudonym(keys_.size() - 1, pseudonym);
}

// Of every kind of identifier alike, so that whatever refers to a row goes with it, also where only another
// column says of which table the row is (fact_relationship, cost, episode_event, provenance).
std::int64_t PseudonymKey::NextId(std::size_t generation, std::int64_t id) const {
  if (id == 0) return 0;
  const std::array<char, 8> bytes = BytesOf(id);
  return FirstBits(Mac(generation, {"rotated id", kZero, {bytes.data(), bytes.size()}}));
}

std::string PseudonymKey::NextPseudonym(std::size_t generation, std::string_view pseudonym) const {
  return PseudonymText(Mac(generation, {"rotated pseudonym", kZero, pseudonym}));
}

}  // namespace clinnova::intake
