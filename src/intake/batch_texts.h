// SPDX-License-Identifier: Apache-2.0
// The texts of a batch (batch_thread.h), of which there are to be about so many bytes: batches wait by the dozen.
#pragma once

#include <string_view>

#include "core/arena.h"

namespace clinnova::intake {

/// One thread at a time.
class BatchTexts {
 public:
  /// The copy stays where it is, whatever comes after it, until Clear().
  std::string_view Copy(std::string_view text) { return texts_.Copy(text); }
  bool full() const { return texts_.Here().block > 0; }
  /// Keeps the memory, but for that of a text out of the ordinary.
  void Clear() {
    if (texts_.size() > 4 * kUsual) texts_ = core::Arena(kUsual);
    texts_.Rewind({});
  }

 private:
  static constexpr std::size_t kUsual = std::size_t{1} << 17;

  core::Arena texts_{kUsual};
};

}  // namespace clinnova::intake
