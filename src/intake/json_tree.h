// SPDX-License-Identifier: Apache-2.0
// A JSON document as a tree that keeps what FHIR needs kept: the digits of numbers (1.50 is not 1.5) and
// the order of members.
//
//   auto patient = ParseJsonTree(text);                              // a Result
//   const JsonTree* name = patient->root().Find("name");             // null when absent
//
// Nodes are small and are copied freely; they point into their document, which outlives them.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "core/arena.h"
#include "core/error.h"

namespace clinnova::intake {

using core::Arena;

/// A member's name. Up to 12 characters are in it, so that names are mostly compared without a look at the document
/// (T. Neumann and M. Freitag, "Umbra", CIDR 2020).
class JsonName {
 public:
  JsonName() = default;
  /// `name` is not owned and outlives this.
  explicit JsonName(std::string_view name) : size_(static_cast<std::uint32_t>(name.size())) {
    if (name.size() <= kInside) {
      std::memcpy(rest_, name.data(), name.size());
    } else {
      const std::uint32_t hash = Hash(name);
      const char* data = name.data();
      std::memcpy(rest_, &hash, sizeof hash);
      std::memcpy(rest_ + sizeof hash, &data, sizeof data);
    }
  }

  /// Of a short name, a part of this.
  std::string_view text() const { return {size_ <= kInside ? rest_ : Outside(), size_}; }
  std::uint32_t hash() const {
    return Mixed(Word(0), size_ <= kInside ? Word(1) : 0);  // the same name may be elsewhere
  }

  friend bool operator==(const JsonName& a, const JsonName& b) {
    if (a.Word(0) != b.Word(0)) return false;
    if (a.Word(1) == b.Word(1)) return true;
    return a.size_ > kInside && std::memcmp(a.Outside(), b.Outside(), a.size_) == 0;
  }

 private:
  static constexpr std::size_t kInside = 12;

  static std::uint32_t Hash(std::string_view name);
  static std::uint32_t Mixed(std::uint64_t head, std::uint64_t tail) {
    constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15;
    std::uint64_t mixed = (head ^ (tail << 29 | tail >> 35)) * kOdd;
    mixed = (mixed ^ mixed >> 32) * kOdd;
    return static_cast<std::uint32_t>(mixed >> 32);
  }
  /// The half of this: the size with the first 4 characters or the hash, or what follows.
  std::uint64_t Word(std::size_t half) const {
    std::uint64_t words[2];
    static_assert(sizeof words == sizeof(JsonName));
    std::memcpy(words, this, sizeof words);
    return words[half];
  }
  const char* Outside() const {
    const char* data = nullptr;
    std::memcpy(&data, rest_ + 4, sizeof data);
    return data;
  }

  std::uint32_t size_ = 0;
  char rest_[kInside] = {};  ///< the name and zeros; of a longer one its hash and where it is
};

struct JsonMember;

class JsonTree {
 public:
  enum class Kind : std::uint8_t { kNull, kBoolean, kNumber, kString, kArray, kObject };

  JsonTree() = default;
  static JsonTree Boolean(bool value);
  /// A number as it stands in the document, or a string; `text` is not owned and outlives this.
  static JsonTree Number(std::string_view text);
  static JsonTree String(std::string_view text);
  /// The parts are not owned and outlive this.
  static JsonTree Array(std::span<const JsonTree> items);
  static JsonTree Object(std::span<const JsonMember> members);

  Kind kind() const { return kind_; }
  bool IsObject() const { return kind_ == Kind::kObject; }
  bool IsArray() const { return kind_ == Kind::kArray; }
  bool IsString() const { return kind_ == Kind::kString; }
  bool IsNumber() const { return kind_ == Kind::kNumber; }
  bool IsBoolean() const { return kind_ == Kind::kBoolean; }
  bool IsNull() const { return kind_ == Kind::kNull; }

  bool boolean() const { return flag_ && IsBoolean(); }
  /// Of a string; of a number as it stands in the document; "" otherwise.
  std::string_view text() const {
    return IsString() || IsNumber() ? std::string_view(static_cast<const char*>(data_), size_)
                                    : std::string_view();
  }
  /// Of an array; none otherwise.
  std::span<const JsonTree> items() const {
    return {IsArray() ? static_cast<const JsonTree*>(data_) : nullptr, IsArray() ? size_ : 0};
  }
  /// Of an object; none otherwise.
  std::span<const JsonMember> members() const;
  /// Of an object: a member's name begins with '_' (FHIR: of a primitive).
  bool has_underscore() const { return flag_ && IsObject(); }

  /// The member of that name; null when there is none or this is no object.
  const JsonTree* Find(const JsonName& name) const;
  const JsonTree* Find(std::string_view name) const { return Find(JsonName(name)); }
  /// The text of a string member, "" when there is none.
  std::string_view Text(const JsonName& name) const;
  std::string_view Text(std::string_view name) const { return Text(JsonName(name)); }

 private:
  JsonTree(Kind kind, bool flag, const void* data, std::size_t size)
      : kind_(kind), flag_(flag), size_(static_cast<std::uint32_t>(size)), data_(data) {}

  Kind kind_ = Kind::kNull;
  bool flag_ = false;  ///< a boolean's value; of an object, has_underscore
  std::uint32_t size_ = 0;
  const void* data_ = nullptr;  ///< characters, items or members; not owned, outlives this
};

struct JsonMember {
  JsonName name;
  JsonTree value;
};

inline std::span<const JsonMember> JsonTree::members() const {
  return {IsObject() ? static_cast<const JsonMember*>(data_) : nullptr, IsObject() ? size_ : 0};
}

/// A tree and the memory that it lies in. Moving it leaves the nodes where they are.
class JsonDocument {
 public:
  JsonDocument(JsonTree root, Arena memory) : root_(root), memory_(std::move(memory)) {}

  const JsonTree& root() const { return root_; }

 private:
  JsonTree root_;
  Arena memory_;
};

/// Deepest nesting of a document that is read.
inline constexpr int kDeepestJson = 512;

/// kInvalidInput with the byte where the text stops being JSON or an exponent is above 308, or when it nests deeper
/// than kDeepestJson or has 4 GiB or more. The document does not need `text` any more.
Result<JsonDocument> ParseJsonTree(std::string_view text);

/// The tree as JSON text without insignificant blanks; numbers as they were.
void AppendJson(const JsonTree& tree, std::string& out);
/// `text` as a JSON string with its quotes; bytes that are no UTF-8 are replaced.
void AppendJsonString(std::string_view text, std::string& out);

}  // namespace clinnova::intake
