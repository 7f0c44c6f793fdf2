// SPDX-License-Identifier: Apache-2.0
// The SQL with which the loader stages records and moves them into the CDM.
//
//   stage_person, stage_event, stage_consent   what the readers said, row after row (loader.cc appends)
//   stage_gone                                 row ids of records that are taken back
//   stage_quarantine                           what cannot be loaded
//     --kCheck-->  checked_person, checked_event, checked_consent   one row per id, with rule or without
//     --kMove-->   CDM tables, provenance, value_detail, consent
#pragma once

#include <string_view>

namespace clinnova::intake {

extern const std::string_view kCreateStaging;
/// Keeps the last version of every id, and finds what needs the person: person.unknown, date.before_birth.
extern const std::string_view kCheck;
/// Replaces rows in the CDM and its side tables.
extern const std::string_view kMove;
/// Recomputes the observation periods of the persons who were touched.
extern const std::string_view kObservationPeriods;
extern const std::string_view kDropStaging;

}  // namespace clinnova::intake
