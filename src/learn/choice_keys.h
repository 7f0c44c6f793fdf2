// SPDX-License-Identifier: Apache-2.0
// A person's key in a treatment choice: what subsamples and halves of trees are drawn by, the same wherever the row stands.
// Reveals nothing by itself.
#pragma once

#include <cstdint>
#include <vector>

#include "federation/step.h"

namespace clinnova::learn {

/// Of the column `id`, or of what the row says: its inputs and its outcome. `seed` makes others.
class ChoiceKeys {
 public:
  /// kInvalidInput where no site has the column.
  static Result<ChoiceKeys> Create(const federation::SiteView& site);

  /// Thread rule: const.
  std::uint64_t Of(const table::Table& table, std::size_t row, double outcome) const;

 private:
  std::uint64_t seed_ = 0;
  bool by_id_ = false;
  std::vector<std::size_t> columns_{};
};

}  // namespace clinnova::learn
