// SPDX-License-Identifier: Apache-2.0
#include "intake/load_statements.h"

#include <array>

namespace clinnova::intake {

const std::string_view kCreateStaging = R"sql(
CREATE TEMP TABLE stage_person (
  seq BIGINT, person_id BIGINT, pseudonym VARCHAR, gender_concept_id BIGINT, gender_source VARCHAR,
  birth_year INTEGER, birth_month INTEGER, birth_day INTEGER,
  date_precision VARCHAR, source_id BIGINT, line BIGINT, path VARCHAR);
-- An event is a row and the form that it shares with others. `place`: a path of its own.
CREATE TEMP TABLE stage_row (
  seq BIGINT, row_id BIGINT, person_id BIGINT, visit_id BIGINT,
  start_date DATE, start_time TIMESTAMP, end_date DATE, end_time TIMESTAMP,
  number DOUBLE, value_text VARCHAR, original_number DOUBLE, range_low DOUBLE, range_high DOUBLE,
  quantity DOUBLE, line BIGINT, place VARCHAR, form BIGINT);
-- An event that says no more than most do: whose value is as the source gave it, in one unit, on one day or at one moment.
CREATE TEMP TABLE stage_short_row (
  seq BIGINT, row_id BIGINT, person_id BIGINT, visit_id BIGINT, start_date DATE, start_time TIMESTAMP,
  number DOUBLE, value_text VARCHAR, line BIGINT, form BIGINT);
-- The words of the enums stand in the order of RecordKind and SourceTime::Precision.
CREATE TEMP TABLE stage_form (
  form BIGINT,
  kind ENUM ('person', 'visit', 'condition', 'measurement', 'drug', 'procedure', 'observation', 'death',
    'consent', 'specimen', 'device', 'biomarker'),
  target ENUM ('person', 'visit', 'condition', 'measurement', 'drug', 'procedure', 'observation', 'death',
    'consent', 'specimen', 'device', 'biomarker'),
  date_precision ENUM ('year', 'month', 'day', 'second'),
  concept_id BIGINT, operator_concept_id BIGINT, value_concept_id BIGINT, unit_concept_id BIGINT,
  type_concept_id BIGINT, source_id BIGINT,
  source_value VARCHAR, unit_source VARCHAR, comparator VARCHAR, route VARCHAR, path VARCHAR);
-- What some events refer to, by their number; 0 = nothing.
CREATE TEMP TABLE stage_reference (
  seq BIGINT, provider_id BIGINT, care_site_id BIGINT, specimen_id BIGINT);
CREATE TEMP TABLE stage_consent (
  seq BIGINT, row_id BIGINT, person_id BIGINT, purpose VARCHAR, status VARCHAR, valid_from DATE,
  valid_to DATE, source_id BIGINT, line BIGINT, path VARCHAR);
-- Rows of earlier imports that go; rows up to that number that are taken back, and those of earlier imports; and the rows
-- that an event's value would be in another form: it goes when such a one comes after it.
CREATE TEMP TABLE stage_gone (row_id BIGINT);
CREATE TEMP TABLE stage_withdrawn (seq BIGINT, row_id BIGINT);
CREATE TEMP TABLE stage_other_form (seq BIGINT, row_id BIGINT);
-- Of records that come more than once, or are taken back: the numbers of the last version and of what takes it back.
CREATE TEMP TABLE contested_row (row_id BIGINT, last BIGINT, gone BIGINT);
CREATE TEMP TABLE stage_quarantine (
  source_id BIGINT, line BIGINT, path VARCHAR, kind VARCHAR, rule VARCHAR, message VARCHAR, raw VARCHAR);
CREATE TEMP TABLE stage_source (
  source_id BIGINT, file VARCHAR, hash VARCHAR, bytes BIGINT);
CREATE TEMP TABLE stage_era_person (person_id BIGINT, brought VARCHAR);
)sql";

const std::string_view kJoinForms = R"sql(
CREATE TEMP VIEW stage_event AS
  SELECT r.* EXCLUDE (place, form), f.* EXCLUDE (form) REPLACE (coalesce(r.place, f.path) AS path)
  FROM (SELECT * FROM stage_row
        UNION ALL BY NAME SELECT *, number AS original_number FROM stage_short_row) r
    JOIN stage_form f ON f.form = r.form;
)sql";

const std::string_view kFindContested = R"sql(
INSERT INTO contested_row
  SELECT row_id, max(seq) FILTER (says = 0) AS last, max(seq) FILTER (says = 1)
  FROM (SELECT row_id, seq, 0::UTINYINT AS says FROM stage_row
        UNION ALL SELECT row_id, seq, 0::UTINYINT FROM stage_short_row
        UNION ALL SELECT row_id, seq, 1::UTINYINT FROM stage_withdrawn
        UNION ALL SELECT row_id, seq, 2::UTINYINT FROM stage_other_form)
  WHERE row_id & ? = ? GROUP BY row_id HAVING count(*) > 1 AND last IS NOT NULL
)sql";

const std::string_view kCheck = R"sql(
CREATE TEMP TABLE checked_person AS
  SELECT * FROM stage_person QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY seq DESC) = 1;

CREATE TEMP TABLE known_person AS
  SELECT person_id,
         make_date(birth_year, coalesce(birth_month, 1), coalesce(birth_day, 1)) AS earliest_birth
  FROM checked_person
  UNION ALL
  SELECT person_id, make_date(year_of_birth, coalesce(month_of_birth, 1), coalesce(day_of_birth, 1))
  FROM person WHERE person_id NOT IN (SELECT person_id FROM checked_person);

-- Earlier versions of a record that this import has more than once, or takes back.
CREATE TEMP TABLE superseded_event AS
  SELECT e.seq, e.kind FROM stage_event e JOIN contested_row c USING (row_id)
  WHERE e.seq < c.last OR e.seq <= c.gone;
CREATE TEMP TABLE overtaken AS
  SELECT DISTINCT o.seq FROM stage_other_form o JOIN contested_row c USING (row_id)
  WHERE o.seq < c.last AND o.seq NOT IN (SELECT seq FROM superseded_event);
INSERT INTO superseded_event SELECT e.seq, e.kind FROM stage_event e JOIN overtaken USING (seq);

-- A date that is only a month or a year is earlier than the birth only when its end is.
CREATE TEMP TABLE refused_event AS
  SELECT e.seq, e.kind, CASE WHEN p.person_id IS NULL THEN 'person.unknown' ELSE 'date.before_birth' END AS rule
  FROM (SELECT * FROM stage_event ANTI JOIN superseded_event USING (seq)) e
  LEFT JOIN known_person p USING (person_id)
  WHERE p.person_id IS NULL
     OR CASE e.date_precision WHEN 'year' THEN e.start_date + INTERVAL 1 YEAR
                              WHEN 'month' THEN e.start_date + INTERVAL 1 MONTH
                              ELSE e.start_date + INTERVAL 1 DAY END <= p.earliest_birth;

CREATE TEMP VIEW loadable AS
  SELECT * FROM stage_event ANTI JOIN superseded_event USING (seq) ANTI JOIN refused_event USING (seq);

-- With their visit, where it is in the CDM and the same patient's, and who did it.
CREATE TEMP VIEW loadable_in_visit AS
  SELECT e.* REPLACE (v.visit_occurrence_id AS visit_id), p.provider_id
  FROM loadable e LEFT JOIN visit_occurrence v
    ON v.visit_occurrence_id = e.visit_id AND v.person_id = e.person_id
    LEFT JOIN stage_reference r ON r.seq = e.seq
    LEFT JOIN provider p ON p.provider_id = r.provider_id;

CREATE TEMP TABLE checked_consent AS
  SELECT c.*, CASE WHEN p.person_id IS NULL THEN 'person.unknown' END AS rule
  FROM (SELECT * FROM stage_consent
        QUALIFY row_number() OVER (PARTITION BY row_id ORDER BY seq DESC) = 1) c
  LEFT JOIN known_person p USING (person_id)
  WHERE NOT EXISTS (SELECT 1 FROM stage_withdrawn w WHERE w.row_id = c.row_id AND w.seq >= c.seq);

INSERT INTO stage_quarantine
  SELECT source_id, line, path, e.kind, rule,
         CASE rule WHEN 'person.unknown' THEN 'the patient is neither in this import nor in the store'
                   ELSE 'found ' || start_date::VARCHAR || ', which is before the patient''s birth' END,
         concat_ws(' ', source_value, start_date::VARCHAR, nullif(comparator, ''), nullif(value_text, ''),
                   nullif(unit_source, ''))
  FROM stage_event e JOIN refused_event USING (seq)
  UNION ALL
  SELECT source_id, line, path, 'consent', rule,
         'the patient is neither in this import nor in the store',
         concat_ws(' ', purpose, status, valid_from::VARCHAR)
  FROM checked_consent WHERE rule IS NOT NULL;
)sql";

const std::string_view kFindEarlier = R"sql(
CREATE TEMP TABLE earlier_row AS
  SELECT rowid AS place, row_id, table_name IN ('care_site', 'provider') AS gives_care
  FROM clinnova.provenance WHERE row_id IN (
    SELECT row_id FROM stage_event UNION ALL SELECT row_id FROM stage_consent
    UNION ALL SELECT person_id FROM stage_person UNION ALL SELECT row_id FROM stage_gone
    UNION ALL SELECT row_id FROM stage_withdrawn UNION ALL SELECT row_id FROM stage_care_site UNION ALL SELECT row_id FROM stage_provider);
)sql";

const std::string_view kNothingEarlier =
    "CREATE TEMP TABLE earlier_row (place BIGINT, row_id BIGINT, gives_care BOOLEAN)";

const std::string_view kTouch = R"sql(
CREATE TEMP TABLE touched_person AS
  SELECT person_id FROM checked_person UNION SELECT person_id FROM loadable;
)sql";

const std::string_view kTouchRemoved = R"sql(
INSERT INTO touched_person SELECT person_id FROM removed_row EXCEPT SELECT person_id FROM touched_person;
)sql";

namespace {

constexpr std::array<EarlierRows, 10> kRows{{
    {.table = "visit_occurrence", .key = "visit_occurrence_id", .touches_person = true},
    {.table = "condition_occurrence", .key = "condition_occurrence_id", .touches_person = true},
    {.table = "drug_exposure", .key = "drug_exposure_id", .touches_person = true},
    {.table = "measurement", .key = "measurement_id", .touches_person = true},
    {.table = "observation", .key = "observation_id", .touches_person = true},
    {.table = "procedure_occurrence", .key = "procedure_occurrence_id", .touches_person = true},
    {.table = "person", .key = "person_id", .among = "SELECT person_id FROM checked_person"},
    // A death has no identifier of its own: it is known by its provenance's row and its person.
    {.table = "death",
     .key = "person_id",
     .among = "SELECT person_id FROM loadable WHERE target = 'death'"},
    {.table = "clinnova.consent", .key = "consent_id"},
    {.table = "clinnova.value_detail", .key = "row_id"},
}};

}  // namespace

const std::span<const EarlierRows> kEarlierRows = kRows;

const std::string_view kInsert = R"sql(
INSERT INTO person (person_id, gender_concept_id, year_of_birth, month_of_birth, day_of_birth,
                    race_concept_id, ethnicity_concept_id, person_source_value, gender_source_value)
  SELECT person_id, gender_concept_id, birth_year, birth_month, birth_day, 0, 0, pseudonym,
         left(gender_source, 50)
  FROM checked_person;
INSERT INTO visit_occurrence (visit_occurrence_id, person_id, visit_concept_id, visit_start_date,
                              visit_start_datetime, visit_end_date, visit_end_datetime,
                              visit_type_concept_id, provider_id, care_site_id,
                              visit_source_value)
  SELECT e.row_id, e.person_id, e.concept_id, e.start_date, e.start_time,
         coalesce(e.end_date, e.start_date), e.end_time, e.type_concept_id, p.provider_id,
         c.care_site_id, left(e.source_value, 50)
  FROM loadable e LEFT JOIN stage_reference r ON r.seq = e.seq
    LEFT JOIN provider p ON p.provider_id = r.provider_id
    LEFT JOIN care_site c ON c.care_site_id = r.care_site_id
  WHERE target = 'visit';
INSERT INTO condition_occurrence (condition_occurrence_id, person_id, condition_concept_id,
                                  condition_start_date, condition_start_datetime, condition_end_date,
                                  condition_end_datetime, condition_type_concept_id,
                                  provider_id, visit_occurrence_id, condition_source_value)
  SELECT row_id, person_id, concept_id, start_date, start_time, end_date, end_time, type_concept_id,
         provider_id, visit_id, left(source_value, 50)
  FROM loadable_in_visit WHERE target = 'condition';
INSERT INTO drug_exposure (drug_exposure_id, person_id, drug_concept_id, drug_exposure_start_date,
                           drug_exposure_start_datetime, drug_exposure_end_date,
                           drug_exposure_end_datetime, verbatim_end_date, drug_type_concept_id,
                           quantity, provider_id, visit_occurrence_id, drug_source_value, route_source_value)
  SELECT row_id, person_id, concept_id, start_date, start_time, coalesce(end_date, start_date),
         end_time, end_date, type_concept_id, quantity, provider_id, visit_id, left(source_value, 50),
         left(route, 50)
  FROM loadable_in_visit WHERE target = 'drug';
INSERT INTO procedure_occurrence (procedure_occurrence_id, person_id, procedure_concept_id,
                                  procedure_date, procedure_datetime, procedure_end_date,
                                  procedure_end_datetime, procedure_type_concept_id,
                                  provider_id, visit_occurrence_id, procedure_source_value)
  SELECT row_id, person_id, concept_id, start_date, start_time, end_date, end_time, type_concept_id,
         provider_id, visit_id, left(source_value, 50)
  FROM loadable_in_visit WHERE target = 'procedure';
INSERT INTO measurement (measurement_id, person_id, measurement_concept_id, measurement_date,
                         measurement_datetime, measurement_type_concept_id, operator_concept_id,
                         value_as_number, value_as_concept_id, unit_concept_id, range_low, range_high,
                         provider_id, visit_occurrence_id, measurement_source_value, unit_source_value,
                         value_source_value)
  SELECT row_id, person_id, concept_id, start_date, start_time, type_concept_id,
         nullif(operator_concept_id, 0), number, nullif(value_concept_id, 0),
         CASE WHEN number IS NOT NULL THEN unit_concept_id END, range_low, range_high, provider_id,
         visit_id,
         left(source_value, 50), left(nullif(unit_source, ''), 50), left(nullif(value_text, ''), 50)
  FROM loadable_in_visit WHERE target = 'measurement';
INSERT INTO observation (observation_id, person_id, observation_concept_id, observation_date,
                         observation_datetime, observation_type_concept_id, value_as_number,
                         value_as_string, value_as_concept_id, unit_concept_id, provider_id, visit_occurrence_id,
                         observation_source_value, unit_source_value, value_source_value)
  SELECT row_id, person_id, concept_id, start_date, start_time, type_concept_id, number,
         CASE WHEN number IS NULL THEN left(nullif(value_text, ''), 60) END,
         nullif(value_concept_id, 0), CASE WHEN number IS NOT NULL THEN unit_concept_id END, provider_id,
         visit_id,
         left(source_value, 50), left(nullif(unit_source, ''), 50), left(nullif(value_text, ''), 50)
  FROM loadable_in_visit WHERE target = 'observation';
INSERT INTO death (person_id, death_date, death_datetime, death_type_concept_id)
  SELECT person_id, start_date, start_time, type_concept_id
  FROM loadable WHERE target = 'death'
  QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY seq DESC) = 1;
INSERT INTO clinnova.consent (consent_id, person_id, purpose, status, valid_from, valid_to)
  SELECT row_id, person_id, purpose, status, valid_from, valid_to FROM checked_consent
  WHERE rule IS NULL;
)sql";

const std::string_view kRemember = R"sql(
INSERT INTO clinnova.provenance
  SELECT table_of(target), row_id, source_id, nullif(line, 0), nullif(path, ''), date_precision
  FROM loadable
  UNION ALL
  SELECT 'person', person_id, source_id, nullif(line, 0), nullif(path, ''), date_precision
  FROM checked_person
  UNION ALL
  SELECT 'clinnova.consent', row_id, source_id, nullif(line, 0), nullif(path, ''), 'day'
  FROM checked_consent WHERE rule IS NULL;
INSERT INTO clinnova.value_detail
  SELECT target, row_id, nullif(comparator, ''), nullif(value_text, ''), original_number,
         nullif(unit_source, '')
  FROM loadable
  WHERE target IN ('measurement', 'observation')
    AND (comparator <> '' OR original_number IS DISTINCT FROM number OR length(value_text) > 50);

INSERT INTO clinnova.quarantine
  SELECT source_id, nullif(line, 0), nullif(path, ''), kind, rule, message, nullif(raw, '')
  FROM stage_quarantine;
-- A file that has not changed keeps the moment of its first import.
DELETE FROM clinnova.source WHERE source_id IN (
  SELECT s.source_id FROM stage_source s JOIN clinnova.source c
    ON c.source_id = s.source_id AND (c.hash <> s.hash OR c.file <> s.file));
INSERT INTO clinnova.source
  SELECT source_id, any_value(file), any_value(hash), any_value(bytes), now()::TIMESTAMP
  FROM stage_source
  WHERE source_id NOT IN (SELECT source_id FROM clinnova.source) GROUP BY source_id;
)sql";

const std::string_view kObservationPeriods = R"sql(
INSERT INTO observation_period (observation_period_id, person_id, observation_period_start_date,
                                observation_period_end_date, period_type_concept_id)
  SELECT person_id, person_id, min(first), max(last), 32817
  FROM (
    SELECT person_id, visit_start_date AS first, visit_end_date AS last FROM visit_occurrence
    UNION ALL
    SELECT person_id, condition_start_date, coalesce(condition_end_date, condition_start_date)
    FROM condition_occurrence
    UNION ALL
    SELECT person_id, drug_exposure_start_date, least(drug_exposure_end_date, current_date)
    FROM drug_exposure
    UNION ALL
    SELECT person_id, procedure_date, procedure_date FROM procedure_occurrence
    UNION ALL
    SELECT person_id, measurement_date, measurement_date FROM measurement
    UNION ALL
    SELECT person_id, observation_date, observation_date FROM observation
    UNION ALL
    SELECT person_id, specimen_date, specimen_date FROM specimen
    UNION ALL
    SELECT person_id, device_exposure_start_date,
           least(coalesce(device_exposure_end_date, device_exposure_start_date), current_date)
    FROM device_exposure)
  WHERE person_id IN (SELECT person_id FROM touched_person)
  GROUP BY person_id;
)sql";

const std::string_view kFindEraPersons = R"sql(
CREATE TEMP TABLE era_person AS
  SELECT person_id FROM touched_person UNION SELECT person_id FROM stage_era_person WHERE brought IS NULL;
CREATE TEMP TABLE condition_era_person AS
  SELECT person_id FROM era_person
  EXCEPT SELECT person_id FROM stage_era_person WHERE brought = 'condition_era';
CREATE TEMP TABLE drug_era_person AS
  SELECT person_id FROM era_person
  EXCEPT SELECT person_id FROM stage_era_person WHERE brought = 'drug_era';
CREATE TEMP TABLE dose_era_person AS
  SELECT person_id FROM era_person
  EXCEPT SELECT person_id FROM stage_era_person WHERE brought = 'dose_era';
)sql";

namespace {

constexpr std::array<EarlierRows, 4> kPeriodsAndEras{{
    {.table = "observation_period",
     .key = "person_id",
     .among = "SELECT person_id FROM touched_person"},
    {.table = "condition_era",
     .key = "person_id",
     .among = "SELECT person_id FROM condition_era_person"},
    {.table = "drug_era", .key = "person_id", .among = "SELECT person_id FROM drug_era_person"},
    {.table = "dose_era", .key = "person_id", .among = "SELECT person_id FROM dose_era_person"},
}};

}  // namespace

const std::span<const EarlierRows> kEarlierPeriodsAndEras = kPeriodsAndEras;

// As OHDSI's CDM 5.4 and its published scripts have them (https://ohdsi.github.io/CommonDataModel/sqlScripts.html;
// rules only, the statements are ours). What begins at most 30 days after everything before it ended goes on
// with the era: the difference of the two dates, so that the end on 1 January and the start on 31 January
// are one era. A condition without an end ends on the day after its start, an exposure has the end that
// it was loaded with: its start where the source knows none, unless it says for how many days the drug was
// given out (more than a year is not believed). The days between one exposure's end and the next one's
// start are the era's gap_days. Concept 0 and drugs without an ingredient make no era. An identifier is
// made of what an era is: made anew, it stays.
const std::string_view kEras = R"sql(
INSERT INTO condition_era (condition_era_id, person_id, condition_concept_id, condition_era_start_date,
                           condition_era_end_date, condition_occurrence_count)
  WITH occurrence AS (
    SELECT person_id, condition_concept_id AS concept_id, condition_start_date AS first,
           greatest(coalesce(condition_end_date, condition_start_date + 1), condition_start_date) AS last
    FROM condition_occurrence
    WHERE condition_concept_id <> 0 AND person_id IN (SELECT person_id FROM condition_era_person)),
  after AS (
    SELECT *, max(last) OVER (PARTITION BY person_id, concept_id ORDER BY first, last
                              ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
    FROM occurrence),
  numbered AS (
    SELECT *, sum(CASE WHEN first <= before + 30 THEN 0 ELSE 1 END)
                OVER (PARTITION BY person_id, concept_id ORDER BY first, last ROWS UNBOUNDED PRECEDING) AS era
    FROM after)
  SELECT (hash(person_id, concept_id, min(first)) >> 1)::BIGINT, person_id, concept_id, min(first), max(last),
         count(*)
  FROM numbered GROUP BY person_id, concept_id, era;

-- end_known: it is more than the end that the CDM has because its field must not be empty.
CREATE TEMP TABLE era_exposure AS
  SELECT person_id, drug_concept_id, quantity, drug_exposure_start_date AS first,
         CASE WHEN verbatim_end_date IS NULL AND drug_exposure_end_date <= drug_exposure_start_date
                   AND days_supply BETWEEN 1 AND 366
              THEN drug_exposure_start_date + (days_supply - 1)::INTEGER
              ELSE greatest(drug_exposure_end_date, drug_exposure_start_date) END AS last,
         coalesce(days_supply BETWEEN 1 AND 366, false) OR verbatim_end_date >= drug_exposure_start_date
           OR drug_exposure_end_date > drug_exposure_start_date AS end_known
  FROM drug_exposure
  WHERE drug_concept_id <> 0
    AND person_id IN (SELECT person_id FROM drug_era_person UNION SELECT person_id FROM dose_era_person);
CREATE TEMP TABLE era_ingredient AS
  SELECT concept_id FROM concept WHERE concept_class_id = 'Ingredient' AND standard_concept = 'S';

INSERT INTO drug_era (drug_era_id, person_id, drug_concept_id, drug_era_start_date, drug_era_end_date,
                      drug_exposure_count, gap_days)
  -- The embedded vocabulary's concept_ancestor is without the concepts themselves, Athena's has them.
  WITH of_drug AS (
    SELECT concept_id AS drug_concept_id, concept_id FROM era_ingredient
    UNION
    SELECT a.descendant_concept_id, i.concept_id
    FROM concept_ancestor a JOIN era_ingredient i ON i.concept_id = a.ancestor_concept_id
    WHERE a.descendant_concept_id IN (SELECT drug_concept_id FROM era_exposure)),
  after AS (
    SELECT person_id, concept_id, first, last,
           max(last) OVER (PARTITION BY person_id, concept_id ORDER BY first, last
                           ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
    FROM era_exposure SEMI JOIN drug_era_person USING (person_id) JOIN of_drug USING (drug_concept_id)),
  numbered AS (
    SELECT *, CASE WHEN first <= before + 30 THEN greatest(first - before, 0) ELSE 0 END AS gap,
           sum(CASE WHEN first <= before + 30 THEN 0 ELSE 1 END)
             OVER (PARTITION BY person_id, concept_id ORDER BY first, last ROWS UNBOUNDED PRECEDING) AS era
    FROM after)
  SELECT (hash(person_id, concept_id, min(first)) >> 1)::BIGINT, person_id, concept_id, min(first), max(last),
         count(*), sum(gap)
  FROM numbered GROUP BY person_id, concept_id, era;

-- By OHDSI's "How to calculate drug dose" (https://ohdsi.github.io/CommonDataModel/drug_dose.html): what was given out
-- over the days that it was for, an amount for a tablet, a numerator for a puff, a millilitre or a pack; a patch has a
-- rate (8505 is the hour) whatever it was given out for.
INSERT INTO dose_era (dose_era_id, person_id, drug_concept_id, unit_concept_id, dose_value,
                      dose_era_start_date, dose_era_end_date)
  WITH strength AS (
    SELECT drug_concept_id, ingredient_concept_id AS concept_id,
           coalesce(amount_unit_concept_id, numerator_unit_concept_id) AS unit_concept_id,
           coalesce(amount_value, numerator_value / CASE denominator_unit_concept_id
                                                    WHEN 8505 THEN coalesce(denominator_value, 1) ELSE 1 END)
             AS value,
           coalesce(denominator_unit_concept_id = 8505, false) AS is_rate
    FROM drug_strength
    WHERE coalesce(invalid_reason, '') = ''
      AND ingredient_concept_id IN (SELECT concept_id FROM era_ingredient)),
  dose AS (
    SELECT person_id, concept_id, unit_concept_id, first, last,
           -- So that what only rounding keeps apart is one dose.
           round(CASE WHEN is_rate THEN 24 * value ELSE quantity * value / (last - first + 1) END, 9) AS dose
    FROM era_exposure SEMI JOIN dose_era_person USING (person_id) JOIN strength USING (drug_concept_id)
    WHERE end_known AND unit_concept_id <> 0),
  after AS (
    SELECT *, max(last) OVER (PARTITION BY person_id, concept_id, unit_concept_id, dose ORDER BY first, last
                              ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
    FROM dose WHERE dose > 0),
  numbered AS (
    SELECT *, sum(CASE WHEN first <= before + 30 THEN 0 ELSE 1 END)
                OVER (PARTITION BY person_id, concept_id, unit_concept_id, dose ORDER BY first, last
                      ROWS UNBOUNDED PRECEDING) AS era
    FROM after)
  SELECT (hash(person_id, concept_id, unit_concept_id, dose, min(first)) >> 1)::BIGINT, person_id, concept_id,
         unit_concept_id, dose, min(first), max(last)
  FROM numbered GROUP BY person_id, concept_id, unit_concept_id, dose, era;
)sql";

const std::string_view kDropStaging = R"sql(
DROP VIEW loadable_in_visit;
DROP VIEW loadable;
DROP TABLE stage_person;
DROP VIEW stage_event;
DROP TABLE stage_row;
DROP TABLE stage_short_row;
DROP TABLE stage_form;
DROP TABLE stage_reference;
DROP TABLE stage_consent;
DROP TABLE stage_gone;
DROP TABLE stage_withdrawn;
DROP TABLE stage_other_form;
DROP TABLE stage_quarantine;
DROP TABLE stage_source;
DROP TABLE checked_person;
DROP TABLE contested_row;
DROP TABLE superseded_event;
DROP TABLE overtaken;
DROP TABLE refused_event;
DROP TABLE earlier_row;
DROP TABLE checked_consent;
DROP TABLE known_person;
DROP TABLE touched_person;
DROP TABLE stage_era_person;
DROP TABLE era_person;
DROP TABLE condition_era_person;
DROP TABLE drug_era_person;
DROP TABLE dose_era_person;
DROP TABLE era_exposure;
DROP TABLE era_ingredient;
)sql";

}  // namespace clinnova::intake
