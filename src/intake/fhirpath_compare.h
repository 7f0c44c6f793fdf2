// SPDX-License-Identifier: Apache-2.0
// Equality, equivalence, order and arithmetic of FHIRPath's items (HL7 FHIRPath N1, sections 6.1, 6.2, 6.6).
//
//   Equal(environment, four, four_point_zero);         // true
//   Compare(environment, 1 'cm', 1 '[in_i]');          // -1
//
// "Nothing" is FHIRPath's empty: the question has no answer.
#pragma once

#include <optional>

#include "intake/fhirpath_scope.h"

namespace clinnova::intake::fhirpath {

std::optional<bool> Equal(const Environment& environment, const Item& a, const Item& b);
bool Equivalent(const Environment& environment, const Item& a, const Item& b);

/// Item by item, in order; nothing when either is empty or an item's equality has no answer.
std::optional<bool> Equal(const Environment& environment, Items a, Items b);
/// Item by item, in any order.
bool Equivalent(const Environment& environment, Items a, Items b);

/// True when `items` has an item equal to `item`.
bool Contains(const Environment& environment, Items items, const Item& item);
/// The items without those equal to an earlier one.
Items Distinct(const Environment& environment, Items items);

/// <0, 0, >0; kInvalidInput when the two are not of a kind that has an order in common.
Result<std::optional<int>> Compare(const Environment& environment, const Item& a, const Item& b);

/// Whether the two units measure the same.
bool Comparable(const Environment& environment, const Quantity& a, const Quantity& b);

/// The quantity's value in `unit`, UCUM or a calendar's word; nothing when it does not convert.
std::optional<vocabulary::UcumNumber> ValueIn(const Environment& environment,
                                              const Quantity& quantity, std::string_view unit);

/// Whether one is a Quantity of FHIR and the other a quantity or a number: where the first is not in UCUM, so that
/// it stands for no quantity of the language, their order and sum are unknown rather than an error.
bool IsBesideUnknownQuantity(const Environment& environment, const Item& a, const Item& b);

/// + - * / div mod of two single items; empty where FHIRPath says so (a division by zero, an overflow);
/// kInvalidInput when the operator does not take them.
Result<Items> Arithmetic(const Environment& environment, std::string_view op, const Item& a,
                         const Item& b);

}  // namespace clinnova::intake::fhirpath
