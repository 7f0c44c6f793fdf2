// SPDX-License-Identifier: Apache-2.0
// Progression's files: visits and relapses in, events out.
//
//   VISITS.csv    id,day,value      one row per visit; rows without a value are left out
//   RELAPSES.csv  id,day            one row per onset
//   output        id,event,type,day,confirmed_day,sustained_days
//
// `day` counts from any day of the patient's own. `event` numbers a patient's events from 1; a patient without
// one has a row with event 0 and type "none". Other columns are ignored. CSV or Parquet, by content.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "core/error.h"
#include "decision/progression.h"

namespace clinnova::decision {

/// What was read, patients in the order of their first visit in the file.
struct Courses {
  std::vector<Course> courses;
  std::vector<std::string> warnings;  ///< what is odd in the data, as counts
};

/// `relapses` may be empty = none known. kInvalidInput names file, line and column: a column is missing, a value
/// is not a number or not possible (EDSS in half points from 0 to 10, SDMT from 0 to 110, times from 0).
Result<Courses> ReadCourses(const std::string& visits, const std::string& relapses,
                            Outcome outcome);

struct PatientEvents {
  std::string id;
  std::vector<ProgressionEvent> events;
};
std::vector<PatientEvents> FindAllEvents(const Courses& courses, const ProgressionOptions& options);

std::string EventsCsv(const std::vector<PatientEvents>& patients);
/// {"criteria":{…},"events":[{"id","event","type","day","confirmed_day","sustained_days"}]}
nlohmann::ordered_json EventsJson(const std::vector<PatientEvents>& patients,
                                  const ProgressionOptions& options);
/// The options in one line, to be told with every result.
std::string Criteria(const ProgressionOptions& options);

}  // namespace clinnova::decision
