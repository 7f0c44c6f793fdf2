// SPDX-License-Identifier: Apache-2.0
#include "core/arena.h"

namespace clinnova::core {
namespace {

constexpr std::size_t kLargestBlock = 1 << 20;  ///< unless more is asked for at once

}  // namespace

void Arena::NextBlock(std::size_t bytes) {
  const std::size_t next = at_ ? current_ + 1 : 0;
  // Blocks of before a Rewind are used again where they are large enough.
  if (next < blocks_.size() && blocks_[next].size < bytes) blocks_.resize(next);
  if (next == blocks_.size()) {
    const std::size_t size = std::max(bytes, next_block_);
    blocks_.push_back({std::make_unique_for_overwrite<std::byte[]>(size), size});
    next_block_ = std::min(std::max(next_block_, 2 * size), kLargestBlock);
  }
  current_ = next;
  at_ = blocks_[next].bytes.get();
  end_ = at_ + blocks_[next].size;
}

void Arena::Rewind(const Mark& mark) {
  current_ = mark.block;
  at_ = mark.at;
  end_ = at_ ? blocks_[current_].bytes.get() + blocks_[current_].size : nullptr;
}

std::size_t Arena::size() const {
  std::size_t bytes = 0;
  for (const Block& block : blocks_) bytes += block.size;
  return bytes;
}

}  // namespace clinnova::core
