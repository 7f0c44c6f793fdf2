// SPDX-License-Identifier: Apache-2.0
// The SQL with which an import stages what is particular to some records, and moves it; the bedside does not run
// it (load_statements.h has what both run).
//
//   stage_sample      what a sample's record says beyond its row of stage_event, by its number `seq`
//     --kClearDetails-->   what an earlier import said of the same records goes
//     --kInsertDetails-->  specimen, clinnova.sample, clinnova.specimen_use
#pragma once

#include <string_view>

namespace clinnova::intake {

extern const std::string_view kCreateDetails;
extern const std::string_view kClearDetails;
extern const std::string_view kInsertDetails;
extern const std::string_view kDropDetails;

}  // namespace clinnova::intake
