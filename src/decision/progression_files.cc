// SPDX-License-Identifier: Apache-2.0
#include "decision/progression_files.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "core/text.h"
#include "decision/field.h"
#include "table/record_source.h"

namespace clinnova::decision {
namespace {

/// The number of a cell; nothing where it is missing.
Result<std::optional<double>> NumberOf(const table::RecordSource& records, std::size_t column,
                                       const std::string& expected) {
  const table::Cell cell = records.cell(column);
  if (cell.kind == table::Cell::Kind::kMissing) return std::nullopt;
  if (cell.kind != table::Cell::Kind::kNumber || !std::isfinite(cell.number)) {
    return table::FieldError(records.Where(), records.names()[column], cell.text, expected);
  }
  return cell.number;
}

bool PossibleValue(Outcome outcome, double value) {
  switch (outcome) {
    case Outcome::kEdss: return value >= 0 && value <= 10 && 2 * value == std::floor(2 * value);
    case Outcome::kSdmt: return value >= 0 && value <= 110;
    case Outcome::kT25fw:
    case Outcome::k9hpt: break;
  }
  return value >= 0;
}

std::string ExpectedValue(Outcome outcome) {
  switch (outcome) {
    case Outcome::kEdss: return "an EDSS from 0 to 10 in half points";
    case Outcome::kSdmt: return "an SDMT from 0 to 110";
    case Outcome::kT25fw:
    case Outcome::k9hpt: break;
  }
  return "seconds from 0 on";
}

/// The time after which a trial of the test ends.
std::optional<double> Cap(Outcome outcome) {
  if (outcome == Outcome::kT25fw) return 180.0;
  if (outcome == Outcome::k9hpt) return 300.0;
  return std::nullopt;
}

Result<std::size_t> ColumnOf(const table::RecordSource& records, const std::string& path,
                             const std::string& name) {
  const auto& names = records.names();
  const auto found = std::ranges::find(names, name);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  return Fail(ErrorCode::kInvalidInput, path + ", line 1: found the columns " +
                                            core::Joined(names) + ", expected one called " + name);
}

std::string IdOf(const table::Cell& cell) {
  return cell.text.empty() ? table::LevelOf(cell) : std::string(cell.text);
}

tl::unexpected<Error> NoId(const table::RecordSource& records) {
  return table::FieldError(records.Where(), "id", "", "the patient's identifier");
}

/// Reads the visits into `courses`; `places` finds a patient's course.
Result<void> ReadVisits(const std::string& path, Outcome outcome, Courses& read,
                        std::map<std::string, std::size_t>& places) {
  CLINNOVA_ASSIGN(const auto records, table::OpenRecords(path));
  CLINNOVA_ASSIGN(const std::size_t id_column, ColumnOf(*records, path, "id"));
  CLINNOVA_ASSIGN(const std::size_t day_column, ColumnOf(*records, path, "day"));
  CLINNOVA_ASSIGN(const std::size_t value_column, ColumnOf(*records, path, "value"));
  std::size_t without_value = 0;
  std::size_t beyond_cap = 0;
  for (;;) {
    CLINNOVA_ASSIGN(const bool more, records->Next());
    if (!more) break;
    const table::Cell id = records->cell(id_column);
    if (id.kind == table::Cell::Kind::kMissing) return NoId(*records);
    CLINNOVA_ASSIGN(const auto day, NumberOf(*records, day_column, "a day"));
    CLINNOVA_ASSIGN(const auto value, NumberOf(*records, value_column, ExpectedValue(outcome)));
    const auto [place, added] = places.emplace(IdOf(id), read.courses.size());
    if (added) read.courses.push_back({.id = place->first, .visits = {}, .relapses = {}});
    if (!day || !value) {
      ++without_value;
      continue;
    }
    if (!PossibleValue(outcome, *value)) {
      return table::FieldError(records->Where(), "value", PlainNumber(*value),
                               ExpectedValue(outcome));
    }
    if (Cap(outcome) && *value > *Cap(outcome)) ++beyond_cap;
    read.courses[place->second].visits.push_back({*day, *value});
  }
  if (without_value > 0) {
    read.warnings.push_back(path + ": " + std::to_string(without_value) +
                            " rows without a day or a value are left out");
  }
  if (beyond_cap > 0) {
    read.warnings.push_back(path + ": " + std::to_string(beyond_cap) + " values above " +
                            PlainNumber(*Cap(outcome)) + " s, after which the test is ended");
  }
  return {};
}

Result<void> ReadRelapses(const std::string& path, Courses& read,
                          const std::map<std::string, std::size_t>& places) {
  CLINNOVA_ASSIGN(const auto records, table::OpenRecords(path));
  CLINNOVA_ASSIGN(const std::size_t id_column, ColumnOf(*records, path, "id"));
  CLINNOVA_ASSIGN(const std::size_t day_column, ColumnOf(*records, path, "day"));
  std::set<std::string> strangers;
  std::size_t without_day = 0;
  for (;;) {
    CLINNOVA_ASSIGN(const bool more, records->Next());
    if (!more) break;
    const table::Cell id = records->cell(id_column);
    if (id.kind == table::Cell::Kind::kMissing) return NoId(*records);
    CLINNOVA_ASSIGN(const auto day, NumberOf(*records, day_column, "a day"));
    const auto place = places.find(IdOf(id));
    if (place == places.end()) {
      strangers.insert(IdOf(id));
    } else if (!day) {
      ++without_day;
    } else {
      read.courses[place->second].relapses.push_back(*day);
    }
  }
  if (!strangers.empty()) {
    read.warnings.push_back(path + ": relapses of " + std::to_string(strangers.size()) +
                            " patients without visits are left out");
  }
  if (without_day > 0) {
    read.warnings.push_back(path + ": " + std::to_string(without_day) +
                            " relapses without a day are left out");
  }
  return {};
}

bool Classifies(const ProgressionOptions& options) {
  return options.classify || options.events == EventsWanted::kFirstPira ||
         options.events == EventsWanted::kFirstRaw;
}

}  // namespace

Result<Courses> ReadCourses(const std::string& visits, const std::string& relapses,
                            Outcome outcome) {
  Courses read;
  std::map<std::string, std::size_t> places;
  CLINNOVA_TRY(ReadVisits(visits, outcome, read, places));
  if (!relapses.empty()) CLINNOVA_TRY(ReadRelapses(relapses, read, places));
  return read;
}

std::vector<PatientEvents> FindAllEvents(const Courses& courses,
                                         const ProgressionOptions& options) {
  std::vector<PatientEvents> patients;
  for (const Course& course : courses.courses) {
    patients.push_back({course.id, FindEvents(course, options)});
  }
  return patients;
}

std::string EventsCsv(const std::vector<PatientEvents>& patients) {
  std::string csv = "id,event,type,day,confirmed_day,sustained_days\n";
  for (const PatientEvents& patient : patients) {
    const std::string id = core::CsvField(patient.id);
    if (patient.events.empty()) csv += id + ",0,none,,,\n";
    for (std::size_t i = 0; i < patient.events.size(); ++i) {
      const ProgressionEvent& event = patient.events[i];
      csv += id + ',' + std::to_string(i + 1) + ',' + std::string(Name(event.type)) + ',' +
             PlainNumber(event.day) + ',' + PlainNumber(event.confirmed_day) + ',' +
             PlainNumber(event.sustained_days) + '\n';
    }
  }
  return csv;
}

nlohmann::ordered_json EventsJson(const std::vector<PatientEvents>& patients,
                                  const ProgressionOptions& options) {
  nlohmann::ordered_json json;
  json["criteria"] = Criteria(options);
  json["events"] = nlohmann::ordered_json::array();
  for (const PatientEvents& patient : patients) {
    if (patient.events.empty()) {
      json["events"].push_back({{"id", patient.id},
                                {"event", 0},
                                {"type", "none"},
                                {"day", nullptr},
                                {"confirmed_day", nullptr},
                                {"sustained_days", nullptr}});
    }
    for (std::size_t i = 0; i < patient.events.size(); ++i) {
      const ProgressionEvent& event = patient.events[i];
      json["events"].push_back({{"id", patient.id},
                                {"event", i + 1},
                                {"type", Name(event.type)},
                                {"day", event.day},
                                {"confirmed_day", event.confirmed_day},
                                {"sustained_days", event.sustained_days}});
    }
  }
  return json;
}

std::string Criteria(const ProgressionOptions& options) {
  std::string text = std::string(Name(options.outcome)) + ", confirmed after " +
                     PlainNumber(options.confirm_days) + " days (-" +
                     PlainNumber(options.confirm_before) + ", +" +
                     PlainNumber(options.confirm_after) + ") at all visits in between, baseline " +
                     std::string(Name(options.baseline)) + ", events " +
                     std::string(Name(options.events)) + ", no baseline within " +
                     PlainNumber(options.relapse_to_baseline) + " and no confirmation within " +
                     PlainNumber(options.relapse_to_confirmation) + " days after a relapse";
  if (options.outcome == Outcome::kEdss) {
    text += ", half a point counts above " + PlainNumber(options.edss_half_step_above);
  }
  if (Classifies(options)) {
    text += ", RAW within " + PlainNumber(options.relapse_associated) +
            " days after a relapse, PIRA as " + std::string(options.pira.name);
  }
  if (options.pira.rebaseline_after_relapse) text += ", a new baseline after each relapse";
  return text;
}

}  // namespace clinnova::decision
