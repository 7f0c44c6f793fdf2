// SPDX-License-Identifier: Apache-2.0
// A canonical byte form for plain structs: what is hashed, signed or sent is written with it.
//
//   struct Beta { std::vector<double> values; std::uint64_t n = 0;
//                 template <class A> void Fields(A& a) { a(values); a(n); } };
//   Bytes bytes = Encode(beta);
//   Result<Beta> back = Decode<Beta>(bytes);
//
// Layout, little-endian: integers and doubles as 8 bytes (bool, uint8_t and enums as 1), int128 as
// 16; strings, byte strings, vectors and maps as a 8-byte count and then the elements; optional as a
// 0/1 byte and the value; structs as their fields in order. One value has exactly one byte form.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/error.h"

namespace clinnova::core {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// Values written as one byte.
template <typename T>
inline constexpr bool kOneByte =
    std::is_same_v<T, bool> || std::is_enum_v<T> || (std::is_integral_v<T> && sizeof(T) == 1);

/// Vectors of these are written in one piece: their memory is their byte form.
template <typename T>
inline constexpr bool kAsBlock =
    std::is_same_v<T, double> || std::is_same_v<T, __int128> ||
    (std::is_integral_v<T> && sizeof(T) == 1 && !std::is_same_v<T, bool>);

class ArchiveWriter {
 public:
  template <typename T>
  void operator()(const T& value) {
    Put(value);
  }
  Bytes Take() { return std::move(bytes_); }

 private:
  void Raw(const void* data, std::size_t size) {
    const auto* p = static_cast<const std::uint8_t*>(data);
    bytes_.insert(bytes_.end(), p, p + size);
  }
  template <typename T>
  void Put(const T& value) {
    if constexpr (kOneByte<T>) {
      const auto byte = static_cast<std::uint8_t>(value);
      Raw(&byte, 1);
    } else if constexpr (std::is_same_v<T, __int128> || std::is_same_v<T, unsigned __int128>) {
      Raw(&value, 16);
    } else if constexpr (std::is_integral_v<T>) {
      const auto wide = static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
      Raw(&wide, 8);
    } else if constexpr (std::is_same_v<T, double>) {
      Raw(&value, 8);
    } else {
      const_cast<T&>(value).Fields(*this);
    }
  }
  void Put(const std::string& value) {
    Put(static_cast<std::uint64_t>(value.size()));
    Raw(value.data(), value.size());
  }
  template <typename T, std::size_t N>
  void Put(const std::array<T, N>& values) {
    for (const T& value : values) Put(value);
  }
  template <typename T>
  void Put(const std::vector<T>& values) {
    Put(static_cast<std::uint64_t>(values.size()));
    if constexpr (kAsBlock<T>) {
      Raw(values.data(), values.size() * sizeof(T));
    } else {
      for (const auto& value : values) Put(static_cast<const T&>(value));
    }
  }
  template <typename K, typename V>
  void Put(const std::map<K, V>& values) {
    Put(static_cast<std::uint64_t>(values.size()));
    for (const auto& [key, value] : values) {
      Put(key);
      Put(value);
    }
  }
  template <typename T>
  void Put(const std::optional<T>& value) {
    Put(value.has_value());
    if (value) Put(*value);
  }

  Bytes bytes_;
};

class ArchiveReader {
 public:
  explicit ArchiveReader(ByteView bytes) : bytes_(bytes) {}
  template <typename T>
  void operator()(T& value) {
    Get(value);
  }
  /// True when everything was read and nothing is left over.
  bool Complete() const { return ok_ && at_ == bytes_.size(); }

 private:
  bool Raw(void* data, std::size_t size) {
    if (!ok_ || size > bytes_.size() - at_) {
      ok_ = false;
      return false;
    }
    if (size != 0) std::memcpy(data, bytes_.data() + at_, size);
    at_ += size;
    return true;
  }
  /// A count that the remaining bytes could hold.
  std::size_t Count(std::size_t element_bytes) {
    std::uint64_t count = 0;
    Get(count);
    if (!ok_ || (element_bytes != 0 && count > (bytes_.size() - at_) / element_bytes)) {
      ok_ = false;
      return 0;
    }
    return static_cast<std::size_t>(count);
  }
  template <typename T>
  void Get(T& value) {
    if constexpr (kOneByte<T>) {
      std::uint8_t byte = 0;
      Raw(&byte, 1);
      if constexpr (std::is_same_v<T, bool>) {
        if (byte > 1) ok_ = false;
        value = byte == 1;
      } else {
        value = static_cast<T>(byte);
      }
    } else if constexpr (std::is_same_v<T, __int128> || std::is_same_v<T, unsigned __int128>) {
      Raw(&value, 16);
    } else if constexpr (std::is_integral_v<T>) {
      std::uint64_t wide = 0;
      Raw(&wide, 8);
      value = static_cast<T>(static_cast<std::int64_t>(wide));
    } else if constexpr (std::is_same_v<T, double>) {
      Raw(&value, 8);
    } else {
      value.Fields(*this);
    }
  }
  void Get(std::string& value) {
    value.resize(Count(1));
    Raw(value.data(), value.size());
  }
  template <typename T, std::size_t N>
  void Get(std::array<T, N>& values) {
    for (T& value : values) Get(value);
  }
  template <typename T>
  void Get(std::vector<T>& values) {
    values.clear();
    if constexpr (kAsBlock<T>) {
      values.resize(Count(sizeof(T)));
      Raw(values.data(), values.size() * sizeof(T));
    } else {
      const std::size_t count = Count(1);
      for (std::size_t i = 0; i < count && ok_; ++i) {
        T value{};
        Get(value);
        values.push_back(std::move(value));
      }
    }
  }
  template <typename K, typename V>
  void Get(std::map<K, V>& values) {
    values.clear();
    const std::size_t count = Count(1);
    for (std::size_t i = 0; i < count && ok_; ++i) {
      K key{};
      Get(key);
      if (!values.empty() && !(values.rbegin()->first < key)) ok_ = false;
      Get(values[key]);
    }
  }
  template <typename T>
  void Get(std::optional<T>& value) {
    bool present = false;
    Get(present);
    value.reset();
    if (present) Get(value.emplace());
  }

  ByteView bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

/// The canonical bytes of `value`.
template <typename T>
Bytes Encode(const T& value) {
  ArchiveWriter writer;
  writer(value);
  return writer.Take();
}

/// The value that `bytes` hold, or kInvalidInput when they are short, long or not canonical.
template <typename T>
Result<T> Decode(ByteView bytes) {
  T value{};
  ArchiveReader reader(bytes);
  reader(value);
  if (!reader.Complete()) return Fail(ErrorCode::kInvalidInput, "malformed message", "malformed");
  return value;
}

}  // namespace clinnova::core
