// SPDX-License-Identifier: Apache-2.0
// What each synthetic disease records, with the column, code, label and unit that it has in each dialect.
// Data: the mappings under mappings/<dialect>/ read the same names.
//
//   for (const SyntheticItem& item : RaItems()) …      // in the order of the columns
//
// Thread rule: constant data.
#pragma once

#include <span>

#include "intake/synthetic_patient.h"

namespace clinnova::intake {

std::span<const SyntheticItem> RaItems();
std::span<const SyntheticItem> IbdItems();
std::span<const SyntheticItem> MsItems();

/// The item of this key. Precondition: there is one.
const SyntheticItem& FindItem(std::span<const SyntheticItem> items, std::string_view key);

}  // namespace clinnova::intake
