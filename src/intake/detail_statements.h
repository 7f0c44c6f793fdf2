// SPDX-License-Identifier: Apache-2.0
// The SQL with which an import stages what is particular to some records, and moves it; the bedside does not run
// it (load_statements.h has what both run).
//
//   stage_care_site, stage_provider  where care is given and by whom (place_stage.h)
//   stage_sample, stage_device, stage_imaging, stage_series   what the record of a sample, a device's use, a study or
//                                    a series says beyond its row of stage_event, by its number `seq`
//     --kCheckDetails-->   checked_care_site, checked_provider: one row per id
//     --kFindEarlierPlaces-->  earlier_place, earlier_location: those of earlier_row
//     --kEarlierDetails-->   what an earlier import said of the same records goes
//     --kInsertPlaces-->   care_site, location, provider, clinnova.provider_role, before what refers to them
//     --kInsertDetails-->  specimen, device_exposure, clinnova.sample, specimen_use, imaging, biomarker
//     --kEarlierUses-->    uses of samples that are no more go
#pragma once

#include <span>
#include <string_view>

#include "intake/load_statements.h"

namespace clinnova::intake {

extern const std::string_view kCreateDetails;
extern const std::string_view kCheckDetails;
extern const std::string_view kFindEarlierPlaces;
extern const std::span<const EarlierRows> kEarlierDetails;
extern const std::string_view kInsertPlaces;
extern const std::string_view kInsertDetails;
extern const std::span<const EarlierRows> kEarlierUses;
extern const std::string_view kDropDetails;

}  // namespace clinnova::intake
