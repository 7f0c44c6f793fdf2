// SPDX-License-Identifier: Apache-2.0
// A small CDM in which every check that applies passes, and the same with one thing wrong of each kind.
// For tests only.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "quality/run.h"
#include "store/store.h"

namespace clinnova::quality {

inline void Do(store::Store& store, const std::string& sql) {
  const auto done = store.database().Execute(sql);
  ASSERT_TRUE(done.has_value()) << done.error().message << "\n" << sql;
}

/// On one thread: RunAndKeep in run.h says why. Ten women, each with three visits, a diagnosis, a drug, a procedure, an answer and a few results.
inline store::Store CleanCdm() {
  auto store = store::Store::Open({.threads = 1});
  EXPECT_TRUE(store.has_value());
  Do(*store, R"sql(
INSERT INTO concept (concept_id, concept_name, domain_id, vocabulary_id, concept_class_id, standard_concept,
                     concept_code, valid_start_date, valid_end_date)
  VALUES (8527, 'White', 'Race', 'Race', 'Race', 'S', '5', '1970-01-01', '2099-12-31'),
         (38003564, 'Not Hispanic or Latino', 'Ethnicity', 'Ethnicity', 'Ethnicity', 'S', '2', '1970-01-01', '2099-12-31'),
         (26662, 'Testicular hypofunction', 'Condition', 'SNOMED', 'Clinical Finding', 'S', '1', '1970-01-01', '2099-12-31'),
         (4090861, 'Male genitalia finding', 'Condition', 'SNOMED', 'Clinical Finding', 'S', '2', '1970-01-01', '2099-12-31');
INSERT INTO concept_ancestor VALUES (4090861, 26662, 1, 1);
INSERT INTO person (person_id, gender_concept_id, year_of_birth, month_of_birth, day_of_birth, race_concept_id,
                    ethnicity_concept_id)
  SELECT i, 8532, 1950 + i, 6, 15, 8527, 38003564 FROM range(1, 11) p(i);
INSERT INTO visit_occurrence (visit_occurrence_id, person_id, visit_concept_id, visit_start_date, visit_end_date,
                              visit_type_concept_id)
  SELECT i * 10 + k, i, 9202, DATE '2020-01-14' + (k * 92 + i)::INTEGER, DATE '2020-01-14' + (k * 92 + i)::INTEGER, 32817
  FROM range(1, 11) p(i), range(1, 4) v(k);
INSERT INTO observation_period SELECT person_id, person_id, min(visit_start_date), max(visit_start_date), 32817
  FROM visit_occurrence GROUP BY person_id;
INSERT INTO condition_occurrence (condition_occurrence_id, person_id, condition_concept_id, condition_start_date,
                                  condition_type_concept_id, visit_occurrence_id, condition_source_value)
  SELECT 1000 + visit_occurrence_id, person_id, 80809, visit_start_date, 32817, visit_occurrence_id, 'M06.9'
  FROM visit_occurrence WHERE visit_occurrence_id % 10 = 1;
INSERT INTO condition_era SELECT condition_occurrence_id, person_id, 80809, condition_start_date, condition_start_date + 1, 1
  FROM condition_occurrence;
INSERT INTO drug_exposure (drug_exposure_id, person_id, drug_concept_id, drug_exposure_start_date, drug_exposure_end_date,
                           drug_type_concept_id, quantity, days_supply, refills, sig, drug_source_value)
  SELECT 2000 + visit_occurrence_id, person_id, 1305058, visit_start_date, visit_start_date + 28, 32838, 8, 28, 0, 'once a week',
         'L04AX03'
  FROM visit_occurrence WHERE visit_occurrence_id % 10 < 3;
INSERT INTO drug_era SELECT drug_exposure_id, person_id, 1305058, drug_exposure_start_date, drug_exposure_end_date, 1, 0
  FROM drug_exposure;
INSERT INTO procedure_occurrence (procedure_occurrence_id, person_id, procedure_concept_id, procedure_date,
                                  procedure_type_concept_id, visit_occurrence_id, procedure_source_value)
  SELECT 3000 + visit_occurrence_id, person_id, 4249893, visit_start_date, 32817, visit_occurrence_id, '1-650'
  FROM visit_occurrence WHERE visit_occurrence_id % 10 = 2;
INSERT INTO observation (observation_id, person_id, observation_concept_id, observation_date, observation_type_concept_id,
                         value_as_concept_id, visit_occurrence_id, observation_source_value)
  SELECT 4000 + visit_occurrence_id, person_id, 2000000401, visit_start_date, 32817, 2000000501, visit_occurrence_id, 'SMOKING'
  FROM visit_occurrence WHERE visit_occurrence_id % 10 = 1;
CREATE TEMP TABLE item (k INTEGER, concept_id BIGINT, value DOUBLE, unit_id BIGINT, unit VARCHAR);
INSERT INTO item VALUES (1, 3020460, 12, 8751, 'mg/L'), (2, 3000963, 13.5, 8713, 'g/dL'), (3, 2000000301, 4, NULL, NULL),
  (4, 2000000302, 2, NULL, NULL), (5, 2000000305, 40, 8588, 'mm'), (6, 2000000310, 1.13, NULL, NULL),
  (7, 2000000609, 1, NULL, NULL), (8, 2000000610, 2, NULL, NULL), (9, 2000000612, 2, NULL, NULL), (10, 2000000614, 5, NULL, NULL),
  (11, 2000000701, 3.5, NULL, NULL), (12, 2000000601, 1, NULL, NULL), (13, 2000000705, 2, NULL, NULL),
  (14, 2000000608, 7, NULL, NULL), (15, 2000000309, NULL, NULL, NULL);
-- DAS28-CRP of those items: 0.56 * 2 + 0.28 * sqrt(2) + 0.36 * ln(13) + 0.014 * 40 + 0.96 = 3.9594
UPDATE item SET value = 3.96 WHERE concept_id = 2000000309;
INSERT INTO measurement (measurement_id, person_id, measurement_concept_id, measurement_date, measurement_type_concept_id,
                         value_as_number, unit_concept_id, unit_source_value, visit_occurrence_id, measurement_source_value)
  SELECT 100000 + visit_occurrence_id * 100 + k, person_id, concept_id, visit_start_date, 32817,
         value + CASE WHEN concept_id = 3000963 THEN person_id / 10.0 ELSE 0 END, unit_id, unit, visit_occurrence_id,
         'item ' || concept_id
  FROM visit_occurrence CROSS JOIN item;
INSERT INTO clinnova.source VALUES (1, 'basel/besuche.csv', 'h', 1, '2021-01-01 00:00:00');
INSERT INTO clinnova.provenance SELECT 'visit_occurrence', visit_occurrence_id, 1, visit_occurrence_id, NULL, 'day'
  FROM visit_occurrence;
INSERT INTO clinnova.provenance SELECT 'measurement', measurement_id, 1, measurement_id, NULL, 'day' FROM measurement;
)sql");
  return std::move(*store);
}

/// What fails, and how many rows.
inline std::map<std::string, std::int64_t> Failed(const QualityReport& report) {
  std::map<std::string, std::int64_t> failed;
  for (std::size_t i = 0; i < report.checks.size(); ++i) {
    const Outcome& outcome = report.outcomes[i];
    if (outcome.status == Status::kFail) failed[report.checks[i].id] = outcome.numerator;
    EXPECT_NE(outcome.status, Status::kError) << report.checks[i].id << ": " << outcome.note;
  }
  return failed;
}

/// One thing wrong: how it is planted, and which checks find how many rows.
struct Plant {
  const char* sql;
  std::map<std::string, std::int64_t> found;
};

inline QualityReport ReportOf(store::Store& store) {
  OwnCdm cdm(store);
  auto report = RunChecks(cdm);
  EXPECT_TRUE(report.has_value()) << (report ? "" : report.error().message);
  return report ? std::move(*report) : QualityReport{};
}

}  // namespace clinnova::quality
