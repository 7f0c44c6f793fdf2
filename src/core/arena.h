// SPDX-License-Identifier: Apache-2.0
// Memory for many small things that go together: a pointer moves on, and all is given back at once.
//
//   Arena arena;
//   const std::string_view name = arena.Copy(std::string_view("Peter"));
//   const Arena::Mark mark = arena.Here();
//   const Decimal* number = arena.New<Decimal>(4);
//   arena.Rewind(mark);                     // the number's memory is used again, the name's is not
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace clinnova::core {

/// What is in it has no destructor and lives as long as the arena, or until the arena is rewound. It stays where it
/// is when the arena moves. One thread at a time.
class Arena {
 public:
  /// Room for that many bytes is asked for first, when something is first put in.
  explicit Arena(std::size_t first_block = 4096) : next_block_(first_block) {}
  Arena(Arena&& other) noexcept { *this = std::move(other); }
  Arena& operator=(Arena&& other) noexcept {
    blocks_ = std::exchange(other.blocks_, {});
    current_ = std::exchange(other.current_, 0);
    at_ = std::exchange(other.at_, nullptr);
    end_ = std::exchange(other.end_, nullptr);
    next_block_ = other.next_block_;
    return *this;
  }

  /// Bytes aligned for any T below.
  void* Allocate(std::size_t bytes) {
    bytes = (bytes + kAlignment - 1) & ~(kAlignment - 1);
    if (static_cast<std::size_t>(end_ - at_) < bytes) NextBlock(bytes);
    return std::exchange(at_, at_ + bytes);
  }

  template <typename T, typename... Arguments>
  T* New(Arguments&&... arguments) {
    CheckType<T>();
    return new (Allocate(sizeof(T))) T{std::forward<Arguments>(arguments)...};
  }

  /// `count` of T, not yet written.
  template <typename T>
  T* Room(std::size_t count) {
    CheckType<T>();
    return static_cast<T*>(Allocate(count * sizeof(T)));
  }
  /// Moves the end of what was last given room, of `from` T, so that there is room for `to`; false when something
  /// else came after it, or the block is full.
  template <typename T>
  bool Resize(const T* last, std::size_t from, std::size_t to) {
    static_assert(sizeof(T) % kAlignment == 0);
    const auto* begin = reinterpret_cast<const std::byte*>(last);
    if (begin + from * sizeof(T) != at_) return false;
    if (static_cast<std::size_t>(end_ - begin) < to * sizeof(T)) return false;
    at_ +=
        static_cast<std::ptrdiff_t>(to * sizeof(T)) - static_cast<std::ptrdiff_t>(from * sizeof(T));
    return true;
  }

  template <typename T>
  std::span<T> Copy(std::span<const T> values) {
    T* copy = Room<T>(values.size());
    std::copy(values.begin(), values.end(), copy);
    return {copy, values.size()};
  }
  std::string_view Copy(std::string_view text) {
    char* copy = static_cast<char*>(Allocate(text.size()));
    std::copy(text.begin(), text.end(), copy);
    return {copy, text.size()};
  }

  struct Mark {
    std::size_t block = 0;
    std::byte* at = nullptr;
  };
  Mark Here() const { return {current_, at_}; }
  /// What was put in since the mark is gone; its memory is used again.
  void Rewind(const Mark& mark);

  /// The bytes asked for so far.
  std::size_t size() const;

 private:
  static constexpr std::size_t kAlignment = 8;

  template <typename T>
  static constexpr void CheckType() {
    static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= kAlignment);
  }

  struct Block {
    std::unique_ptr<std::byte[]> bytes;
    std::size_t size = 0;
  };
  void NextBlock(std::size_t bytes);

  std::vector<Block> blocks_;
  std::size_t current_ = 0;  ///< the block that `at_` is in
  std::byte* at_ = nullptr;
  std::byte* end_ = nullptr;
  std::size_t next_block_ = 0;
};

}  // namespace clinnova::core
