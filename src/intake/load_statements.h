// SPDX-License-Identifier: Apache-2.0
// The SQL with which the loader stages records and moves them into the CDM.
//
//   stage_person, stage_event, stage_consent   what the readers said, row after row (record_stage.cc appends)
//   stage_row, stage_form                      the parts of a stage_event: its own, and what it shares with others
//   stage_short_row                            a stage_row of which only what most events say is given
//   stage_reference                            who did it, where, in which sample: by the event's number
//   stage_gone, stage_withdrawn                row ids of records that are taken back: of earlier imports, of any
//   stage_other_form                           row ids by which a later record may take back an event
//   stage_quarantine                           what cannot be loaded
//   stage_era_person                           who, by an OMOP CDM's files, needs new eras, and who brought
//                                              which (omop_files.cc)
//     --kFindContested-->  contested_row          records of several versions
//     --kCheck-->  superseded_event, refused_event   the few events that are not loaded, and why
//                  checked_person, checked_consent   one row per id
//                  loadable, loadable_in_visit       the events that are, as views: they are not copied
//     --kFindEarlier-->  earlier_row     rows that an earlier import wrote of the same records
//     --kTouch-->     touched_person  whose observation period and eras are made anew
//     --kEarlierRows-->  they go (store::RowRemoval), and whom they are about is touched, too
//     --kInsert-->    CDM tables, consent
//     --kRemember-->  provenance, value_detail, quarantine, source
//
// The bedside runs kInsert too, planned once: what a record becomes in training and at the bedside is said here and
// nowhere else. What kCheck finds in a site's millions of rows it tells record by record (patient_loader.cc); a test
// holds the two to the same rows.
#pragma once

#include <span>
#include <string_view>

namespace clinnova::intake {

/// Rows of a table that go before what replaces them comes: those whose `key` is `among` a query's.
struct EarlierRows {
  std::string_view table, key;
  std::string_view among = "SELECT row_id FROM earlier_row";
  bool touches_person = false;  ///< whom such a row is about loses something even if nothing comes
};

extern const std::string_view kCreateStaging;
/// stage_event as a view of rows and their forms: of millions.
extern const std::string_view kJoinForms;
/// Finds the records that come more than once, or are taken back, among those whose row has these (second ?) lowest bits
/// under a mask (first ?): DuckDB groups a few million rows in more memory than it is given.
extern const std::string_view kFindContested;
/// Finds the last version of every id, and what needs the person: person.unknown, date.before_birth.
extern const std::string_view kCheck;
/// Finds what an earlier import wrote of the same records.
extern const std::string_view kFindEarlier;
/// In its place where the store has no earlier row: looking for none among millions takes memory and time.
extern const std::string_view kNothingEarlier;
extern const std::string_view kTouch;
/// Before the rows of removed_row go (store::RowRemoval): their persons are touched.
extern const std::string_view kTouchRemoved;
extern const std::span<const EarlierRows> kEarlierRows;
extern const std::string_view kInsert;
extern const std::string_view kRemember;
/// Finds the persons whose condition, drug and dose eras are made anew: those who were touched.
extern const std::string_view kFindEraPersons;
extern const std::span<const EarlierRows> kEarlierPeriodsAndEras;
/// Makes the observation periods, and the eras, of these persons.
extern const std::string_view kObservationPeriods;
extern const std::string_view kEras;
extern const std::string_view kDropStaging;

}  // namespace clinnova::intake
