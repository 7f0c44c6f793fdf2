// SPDX-License-Identifier: Apache-2.0
// From the catalogue to the checks of one CDM: what can be asked of its tables, and in which SQL.
//
//   const Plan plan = PlanChecks(cdm, shape);
//   plan.checks.size();   // about 3,000
#pragma once

#include "quality/cdm.h"
#include "quality/check.h"

namespace clinnova::quality {

/// Every check of the catalogue, those that do not apply to this CDM, too (Check::not_applicable). The order is that
/// of the catalogue, table after table; identifiers are unique.
Plan PlanChecks(const Cdm& cdm, const Shape& shape);

}  // namespace clinnova::quality
