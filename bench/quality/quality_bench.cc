// SPDX-License-Identifier: Apache-2.0
// How long the checks of quality take: a CDM in a file with ten results at each of ten visits of every person, and the
// source's line of every row, is drawn in DuckDB and checked.
//
//   quality_bench ROWS      measurements, rounded down to hundreds
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "quality/run.h"
#include "usage.h"

namespace clinnova::quality {
namespace {

template <typename T>
T Must(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "quality_bench: %s\n", result.error().message.c_str());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

void Draw(store::Store& store, long persons) {
  const std::string last = std::to_string(persons + 1);
  Must(store.database().Execute(
      "INSERT INTO person (person_id, gender_concept_id, year_of_birth, month_of_birth, "
      "day_of_birth, race_concept_id, ethnicity_concept_id) SELECT i, 8507 + 25 * (i % 2), 1930 + "
      "i "
      "% 70, 1 + i % 12, 1 + i % 28, 0, 0 FROM range(1, " +
      last +
      ") p(i);"
      "INSERT INTO visit_occurrence (visit_occurrence_id, person_id, visit_concept_id, "
      "visit_start_date, visit_end_date, visit_type_concept_id) SELECT p * 10 + k, p, 9202, d, d, "
      "32817 FROM (SELECT p, k, DATE '2012-01-01' + (k * 180 + p % 30)::INTEGER AS d FROM "
      "range(1, " +
      last +
      ") a(p), range(0, 10) b(k));"
      "INSERT INTO measurement (measurement_id, person_id, measurement_concept_id, "
      "measurement_date, measurement_type_concept_id, value_as_number, unit_concept_id, "
      "visit_occurrence_id, measurement_source_value, unit_source_value) SELECT "
      "v.visit_occurrence_id * 10 + c.i, v.person_id, c.concept_id, v.visit_start_date, 32817, 6 + "
      "(v.visit_occurrence_id % 20), c.unit_id, v.visit_occurrence_id, 'item ' || c.i, c.unit FROM "
      "visit_occurrence v, (VALUES (0, 3020460, 8751, 'mg/L'), (1, 3013707, 8752, 'mm/h'), (2, "
      "3000963, 8713, 'g/dL'), (3, 3024561, 8636, 'g/L'), (4, 3016723, 8749, 'umol/L'), (5, "
      "3006923, "
      "8645, 'U/L'), (6, 2000000301, NULL, NULL), (7, 2000000302, NULL, NULL), (8, 3024929, 9444, "
      "'10*9/L'), (9, 3000905, 9444, '10*9/L')) c(i, concept_id, unit_id, unit);"
      "INSERT INTO observation_period SELECT person_id, person_id, min(visit_start_date), "
      "max(visit_start_date), 32817 FROM visit_occurrence GROUP BY person_id;"
      "INSERT INTO clinnova.provenance SELECT 'measurement', measurement_id, 1, measurement_id, "
      "NULL, 'day' FROM measurement;"
      "INSERT INTO clinnova.provenance SELECT 'visit_occurrence', visit_occurrence_id, 1, "
      "visit_occurrence_id, NULL, 'day' FROM visit_occurrence"));
}

int Run(long rows) {
  const std::string file = std::filesystem::temp_directory_path() /
                           ("clinnova_quality_bench_" + std::to_string(getpid()) + ".duckdb");
  {
    auto store = Must(store::Store::Open({.path = file}));
    Draw(store, rows / 100);
  }
  const double before = bench::ProcessorSeconds();
  const QualityReport report = Must(RunAndKeep(file));
  const double seconds = bench::ProcessorSeconds() - before;
  std::filesystem::remove(file);
  std::int64_t seen = 0;
  for (std::size_t i = 0; i < report.checks.size(); ++i) {
    if (report.checks[i].id == "measurement.person_id.foreign_key")
      seen = report.outcomes[i].denominator;
  }
  if (seen != rows / 100 * 100 || report.Count(Status::kError) > 0) {
    std::fprintf(stderr, "quality_bench: %lld of %ld rows seen\n", static_cast<long long>(seen),
                 rows);
    return 1;
  }
  std::printf(
      "quality, %ld measurements: %zu checks, %zu statements, %.1f s by the clock, %.1f s cpu\n",
      rows, report.checks.size(), report.statements, report.seconds, seconds);
  return 0;
}

}  // namespace
}  // namespace clinnova::quality

int main(int argc, char** argv) {
  if (argc != 2 || std::atol(argv[1]) < 100) {
    std::fprintf(stderr, "usage: quality_bench ROWS (100 or more)\n");
    return 2;
  }
  return clinnova::quality::Run(std::atol(argv[1]));
}
