// SPDX-License-Identifier: Apache-2.0
#include "store/side_tables.h"

#include <array>

namespace clinnova::store {
namespace {

constexpr std::string_view kVersion1 = R"sql(
CREATE TABLE clinnova.setting (name VARCHAR NOT NULL, value VARCHAR NOT NULL);
INSERT INTO clinnova.setting VALUES ('consent_required', 'true');

CREATE TABLE clinnova.source (
  source_id BIGINT NOT NULL,
  file VARCHAR NOT NULL,
  hash VARCHAR NOT NULL,
  bytes BIGINT NOT NULL,
  imported_at TIMESTAMP NOT NULL);

CREATE TABLE clinnova.provenance (
  table_name VARCHAR NOT NULL,
  row_id BIGINT NOT NULL,
  source_id BIGINT NOT NULL,
  line BIGINT,
  path VARCHAR,
  date_precision VARCHAR NOT NULL);

CREATE TABLE clinnova.quarantine (
  source_id BIGINT NOT NULL,
  line BIGINT,
  path VARCHAR,
  kind VARCHAR NOT NULL,
  rule VARCHAR NOT NULL,
  message VARCHAR NOT NULL,
  raw VARCHAR);

CREATE TABLE clinnova.consent (
  consent_id BIGINT NOT NULL,
  person_id BIGINT NOT NULL,
  purpose VARCHAR NOT NULL,
  status VARCHAR NOT NULL,
  valid_from DATE,
  valid_to DATE);

CREATE TABLE clinnova.value_detail (
  table_name VARCHAR NOT NULL,
  row_id BIGINT NOT NULL,
  comparator VARCHAR,
  raw_text VARCHAR,
  original_number DOUBLE,
  original_unit VARCHAR);

CREATE TABLE clinnova.import_report (
  import_id BIGINT NOT NULL,
  imported_at TIMESTAMP NOT NULL,
  report VARCHAR NOT NULL);

CREATE TABLE clinnova.pseudonym_key (
  fingerprint VARCHAR NOT NULL,
  since TIMESTAMP NOT NULL);

-- A person is seen by studies when the newest statement about research that is in force today is
-- 'given'; on the same day a refusal or withdrawal wins. A statement without a start holds always.
CREATE VIEW clinnova.research_person AS
WITH required AS (
  SELECT coalesce(max(value), 'true') = 'true' AS consent
  FROM clinnova.setting WHERE name = 'consent_required'),
newest AS (
  SELECT person_id,
         arg_max(status, coalesce(epoch_us(valid_from::TIMESTAMP), -4000000000000000000) * 2
                         + CASE WHEN status = 'given' THEN 0 ELSE 1 END) AS status
  FROM clinnova.consent
  WHERE purpose = 'research'
    AND (valid_from IS NULL OR valid_from <= current_date)
    AND (valid_to IS NULL OR valid_to >= current_date)
  GROUP BY person_id)
SELECT p.person_id
FROM person p CROSS JOIN required r LEFT JOIN newest n USING (person_id)
WHERE CASE WHEN r.consent THEN coalesce(n.status = 'given', false)
           ELSE coalesce(n.status = 'given', true) END;
)sql";

constexpr std::string_view kVersion2 = R"sql(
CREATE TABLE clinnova.unmapped_code (
  kind VARCHAR NOT NULL,
  system VARCHAR NOT NULL,
  code VARCHAR NOT NULL,
  display VARCHAR);

CREATE TABLE clinnova.mapping_decision (
  version BIGINT NOT NULL,
  decided_at TIMESTAMP NOT NULL,
  decided_by VARCHAR NOT NULL,
  system VARCHAR NOT NULL,
  code VARCHAR NOT NULL,
  description VARCHAR NOT NULL,
  target_concept_id BIGINT NOT NULL);
)sql";

constexpr std::string_view kVersion3 = R"sql(
CREATE TABLE clinnova.sample (
  specimen_id BIGINT NOT NULL,
  person_id BIGINT NOT NULL,
  collected DATE NOT NULL,
  collected_until DATE,
  received DATE,
  type_concept_id BIGINT NOT NULL,
  type_source_value VARCHAR,
  status VARCHAR,
  container_source_value VARCHAR,
  storage_source_value VARCHAR,
  storage_low_celsius DOUBLE,
  storage_high_celsius DOUBLE,
  processing_source_value VARCHAR,
  parent_specimen_id BIGINT);

CREATE TABLE clinnova.specimen_use (
  table_name VARCHAR NOT NULL,
  row_id BIGINT NOT NULL,
  specimen_id BIGINT NOT NULL);

CREATE TABLE clinnova.imaging (
  imaging_id BIGINT NOT NULL,
  person_id BIGINT NOT NULL,
  procedure_occurrence_id BIGINT,
  started DATE NOT NULL,
  started_at TIMESTAMP,
  modality_source_value VARCHAR,
  body_site_concept_id BIGINT,
  body_site_source_value VARCHAR,
  series_count BIGINT,
  instance_count BIGINT);

CREATE TABLE clinnova.biomarker (
  biomarker_id BIGINT NOT NULL,
  person_id BIGINT NOT NULL,
  measurement_id BIGINT,
  metric_concept_id BIGINT NOT NULL,
  metric_source_value VARCHAR,
  device_concept_id BIGINT,
  device_source_value VARCHAR,
  window_start TIMESTAMP NOT NULL,
  window_end TIMESTAMP,
  value DOUBLE NOT NULL,
  unit_concept_id BIGINT,
  unit_source_value VARCHAR,
  sample_count BIGINT);

CREATE TABLE clinnova.provider_role (
  provider_id BIGINT NOT NULL,
  practitioner_id BIGINT NOT NULL);
)sql";

constexpr std::string_view kVersion4 = R"sql(
CREATE TABLE clinnova.quality_run (
  run_id BIGINT NOT NULL,
  ran_at TIMESTAMP NOT NULL,
  import_id BIGINT,
  passed BIGINT NOT NULL,
  failed BIGINT NOT NULL,
  errors BIGINT NOT NULL);

CREATE TABLE clinnova.quality_result (
  run_id BIGINT NOT NULL,
  check_id VARCHAR NOT NULL,
  numerator BIGINT NOT NULL,
  denominator BIGINT NOT NULL,
  status VARCHAR NOT NULL);
)sql";

// Stores were made with integers that cannot hold a row's identifier.
constexpr std::string_view kVersion5 = R"sql(
ALTER TABLE fact_relationship ALTER COLUMN fact_id_1 SET DATA TYPE BIGINT;
ALTER TABLE fact_relationship ALTER COLUMN fact_id_2 SET DATA TYPE BIGINT;
)sql";

// What is imported again gets the identifiers that its rows have.
constexpr std::string_view kVersion6 = R"sql(
INSERT INTO clinnova.setting SELECT 'row_hash',
  CASE WHEN EXISTS (SELECT 1 FROM clinnova.pseudonym_key) THEN 'blake2b' ELSE 'siphash' END;
)sql";

constexpr std::array<Migration, 6> kMigrations{{{1, kVersion1},
                                                {2, kVersion2},
                                                {3, kVersion3},
                                                {4, kVersion4},
                                                {5, kVersion5},
                                                {6, kVersion6}}};

}  // namespace

std::span<const Migration> SideTableMigrations() { return kMigrations; }

}  // namespace clinnova::store
