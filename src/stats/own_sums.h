// SPDX-License-Identifier: Apache-2.0
// What a site has summed exactly for a computation of its own, as numbers. They stay at the site.
#pragma once

#include "core/hash.h"
#include "federation/exact_sums.h"

namespace clinnova::stats {

/// Numbers do not depend on the order of rows; those of a block that is out of range mean nothing, and
/// FlaggedBlocks() names it.
inline federation::PooledSums OwnSums(const federation::ExactSums& sums) {
  return *federation::PooledSums::Decode(sums.layout(), sums.Seal(core::Hash{}));
}

}  // namespace clinnova::stats
