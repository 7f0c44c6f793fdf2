// SPDX-License-Identifier: Apache-2.0
#include "intake/detail_statements.h"

#include <array>

namespace clinnova::intake {

const std::string_view kCreateDetails = R"sql(
-- The table that an event of a target goes to.
CREATE TEMP MACRO table_of(target) AS
  CASE target WHEN 'visit' THEN 'visit_occurrence' WHEN 'condition' THEN 'condition_occurrence'
              WHEN 'drug' THEN 'drug_exposure' WHEN 'procedure' THEN 'procedure_occurrence'
              WHEN 'device' THEN 'device_exposure' WHEN 'biomarker' THEN 'clinnova.biomarker'
              ELSE target::VARCHAR END;
-- A postal code without its last two digits: of five, three are left, as the CDM's own documentation and the
-- Safe Harbor rule (45 CFR 164.514(b)(2)) have it. One that is not of digits is left out.
CREATE TEMP MACRO coarse_zip(zip) AS
  nullif(left(regexp_extract(trim(zip), '^(?:[A-Za-z]{1,2}-)?([0-9]{4,5})', 1), -2), '');
CREATE TEMP TABLE stage_care_site (
  seq BIGINT, row_id BIGINT, source_id BIGINT, line BIGINT, path VARCHAR, type_concept_id BIGINT,
  type VARCHAR, pseudonym VARCHAR, name VARCHAR, location_id BIGINT, city VARCHAR, state VARCHAR,
  zip VARCHAR, country VARCHAR);
CREATE TEMP TABLE stage_provider (
  seq BIGINT, row_id BIGINT, source_id BIGINT, line BIGINT, path VARCHAR, specialty_concept_id BIGINT,
  specialty VARCHAR, pseudonym VARCHAR, care_site_id BIGINT, practitioner_id BIGINT);
-- Of a UDI, the 14 digits that name a model (GS1's GTIN): what follows in one names the implant itself.
CREATE TEMP MACRO device_identifier(udi) AS
  CASE WHEN regexp_matches(udi, '^[0-9]{14}$') THEN udi
       ELSE nullif(regexp_extract(udi, '^(?:\(01\)|01)([0-9]{14})', 1), '') END;
CREATE TEMP TABLE stage_device (seq BIGINT, identifier VARCHAR);
CREATE TEMP TABLE stage_imaging (
  seq BIGINT, modality VARCHAR, site_concept_id BIGINT, site VARCHAR, series BIGINT, instances BIGINT,
  procedure_id BIGINT);
CREATE TEMP TABLE stage_series (
  seq BIGINT, device_concept_id BIGINT, device VARCHAR, samples BIGINT, milliseconds BIGINT);
CREATE TEMP TABLE stage_sample (
  seq BIGINT, number VARCHAR, site_concept_id BIGINT, site VARCHAR, received DATE, container VARCHAR,
  storage VARCHAR, storage_low DOUBLE, storage_high DOUBLE, processing VARCHAR, parent_id BIGINT,
  status VARCHAR);
)sql";

const std::string_view kCheckDetails = R"sql(
CREATE TEMP TABLE checked_care_site AS
  SELECT * FROM stage_care_site QUALIFY row_number() OVER (PARTITION BY row_id ORDER BY seq DESC) = 1;
CREATE TEMP TABLE checked_provider AS
  SELECT * FROM stage_provider QUALIFY row_number() OVER (PARTITION BY row_id ORDER BY seq DESC) = 1;
)sql";

const std::string_view kFindEarlierPlaces = R"sql(
CREATE TEMP TABLE earlier_place AS SELECT row_id FROM earlier_row WHERE gives_care;
-- A location is its care site's: it goes with it.
CREATE TEMP TABLE earlier_location AS
  SELECT location_id FROM care_site
  WHERE location_id IS NOT NULL AND care_site_id IN (SELECT row_id FROM earlier_place);
INSERT INTO earlier_row
  SELECT rowid, row_id, false FROM clinnova.provenance
  WHERE table_name = 'location' AND row_id IN (SELECT location_id FROM earlier_location);
-- What a professional has of a role goes with it, and comes back with it.
UPDATE provider SET specialty_concept_id = NULL, specialty_source_value = NULL, care_site_id = NULL
  WHERE provider_id IN (SELECT practitioner_id FROM clinnova.provider_role
                        WHERE provider_id IN (SELECT row_id FROM earlier_place));
)sql";

namespace {

constexpr std::string_view kPlaces = "SELECT row_id FROM earlier_place";
constexpr std::array<EarlierRows, 10> kDetails{{
    {.table = "location",
     .key = "location_id",
     .among = "SELECT location_id FROM earlier_location"},
    {.table = "care_site", .key = "care_site_id", .among = kPlaces},
    {.table = "provider", .key = "provider_id", .among = kPlaces},
    {.table = "clinnova.provider_role", .key = "provider_id", .among = kPlaces},
    {.table = "device_exposure", .key = "device_exposure_id", .touches_person = true},
    {.table = "clinnova.imaging", .key = "imaging_id"},
    {.table = "clinnova.biomarker", .key = "biomarker_id"},
    {.table = "specimen", .key = "specimen_id", .touches_person = true},
    {.table = "clinnova.sample", .key = "specimen_id"},
    {.table = "clinnova.specimen_use", .key = "row_id"},
}};

// Of samples that were taken back, not replaced.
constexpr std::array<EarlierRows, 1> kUses{{
    {.table = "clinnova.specimen_use",
     .key = "specimen_id",
     .among = "SELECT row_id FROM earlier_row EXCEPT SELECT specimen_id FROM specimen"},
}};

}  // namespace

const std::span<const EarlierRows> kEarlierDetails = kDetails;
const std::span<const EarlierRows> kEarlierUses = kUses;

const std::string_view kInsertPlaces = R"sql(
INSERT INTO location (location_id, city, state, zip, location_source_value, country_concept_id,
                      country_source_value)
  SELECT location_id, left(city, 50), CASE WHEN length(state) <= 2 THEN state END,
         coarse_zip(zip), pseudonym, CASE WHEN country IS NOT NULL THEN 0 END, left(country, 80)
  FROM checked_care_site WHERE coalesce(city, state, zip, country) IS NOT NULL;
INSERT INTO care_site (care_site_id, care_site_name, place_of_service_concept_id, location_id,
                       care_site_source_value, place_of_service_source_value)
  SELECT row_id, left(name, 255), type_concept_id,
         CASE WHEN coalesce(city, state, zip, country) IS NOT NULL THEN location_id END, pseudonym,
         left(type, 50)
  FROM checked_care_site;
INSERT INTO provider (provider_id, specialty_concept_id, care_site_id, provider_source_value,
                      specialty_source_value)
  SELECT row_id, p.specialty_concept_id, c.care_site_id, pseudonym, left(specialty, 50)
  FROM checked_provider p LEFT JOIN care_site c USING (care_site_id);
INSERT INTO clinnova.provider_role
  SELECT row_id, practitioner_id FROM checked_provider WHERE practitioner_id IS NOT NULL;
-- A professional of one role has its specialty and place; of several, none goes before the others.
CREATE TEMP TABLE only_role AS
  SELECT r.practitioner_id, any_value(p.specialty_concept_id) AS specialty_concept_id,
         any_value(p.specialty_source_value) AS specialty_source_value,
         any_value(p.care_site_id) AS care_site_id, count(*) AS roles
  FROM clinnova.provider_role r JOIN provider p USING (provider_id) GROUP BY r.practitioner_id;
UPDATE provider SET
    specialty_concept_id = CASE WHEN o.roles = 1 THEN o.specialty_concept_id END,
    specialty_source_value = CASE WHEN o.roles = 1 THEN o.specialty_source_value END,
    care_site_id = CASE WHEN o.roles = 1 THEN o.care_site_id END
  FROM only_role o WHERE provider.provider_id = o.practitioner_id;
DROP TABLE only_role;
INSERT INTO clinnova.provenance
  SELECT 'care_site', row_id, source_id, nullif(line, 0), nullif(path, ''), 'day'
  FROM checked_care_site
  UNION ALL
  SELECT 'location', location_id, source_id, nullif(line, 0), nullif(path, ''), 'day'
  FROM checked_care_site WHERE coalesce(city, state, zip, country) IS NOT NULL
  UNION ALL
  SELECT 'provider', row_id, source_id, nullif(line, 0), nullif(path, ''), 'day'
  FROM checked_provider;
)sql";

const std::string_view kInsertDetails = R"sql(
INSERT INTO specimen (specimen_id, person_id, specimen_concept_id, specimen_type_concept_id,
                      specimen_date, specimen_datetime, quantity, unit_concept_id,
                      anatomic_site_concept_id, specimen_source_id, specimen_source_value,
                      unit_source_value, anatomic_site_source_value)
  SELECT e.row_id, e.person_id, e.concept_id, e.type_concept_id, e.start_date, e.start_time, e.number,
         CASE WHEN e.number IS NOT NULL THEN e.unit_concept_id END, s.site_concept_id, s.number,
         left(e.source_value, 50), left(nullif(e.unit_source, ''), 50), left(s.site, 50)
  FROM loadable e LEFT JOIN stage_sample s ON s.seq = e.seq
  WHERE e.target = 'specimen';
INSERT INTO clinnova.sample
  SELECT e.row_id, e.person_id, e.start_date, e.end_date, s.received, e.concept_id, e.source_value,
         s.status, s.container, s.storage, s.storage_low, s.storage_high, s.processing,
         nullif(s.parent_id, 0)
  FROM loadable e JOIN stage_sample s ON s.seq = e.seq
  WHERE e.target = 'specimen';
INSERT INTO device_exposure (device_exposure_id, person_id, device_concept_id,
                             device_exposure_start_date, device_exposure_start_datetime,
                             device_exposure_end_date, device_exposure_end_datetime,
                             device_type_concept_id, unique_device_id, provider_id,
                             visit_occurrence_id, device_source_value)
  SELECT e.row_id, e.person_id, e.concept_id, e.start_date, e.start_time, e.end_date, e.end_time,
         e.type_concept_id, device_identifier(d.identifier), e.provider_id, e.visit_id,
         left(e.source_value, 50)
  FROM loadable_in_visit e LEFT JOIN stage_device d ON d.seq = e.seq
  WHERE e.target = 'device';
-- Not of loadable, whose millions of rows would be gone through where there is no such record.
INSERT INTO clinnova.imaging
  SELECT e.row_id, e.person_id,
         coalesce(p.procedure_occurrence_id, CASE WHEN e.target = 'procedure' THEN e.row_id END),
         e.start_date, e.start_time, i.modality, i.site_concept_id, i.site, i.series, i.instances
  FROM stage_imaging i JOIN stage_event e ON e.seq = i.seq
    ANTI JOIN superseded_event s ON s.seq = i.seq ANTI JOIN refused_event r ON r.seq = i.seq
    LEFT JOIN procedure_occurrence p
      ON p.procedure_occurrence_id = i.procedure_id AND p.person_id = e.person_id;
INSERT INTO clinnova.biomarker
  SELECT e.row_id, e.person_id, CASE WHEN e.target = 'measurement' THEN e.row_id END, e.concept_id,
         e.source_value, s.device_concept_id, s.device, coalesce(e.start_time, e.start_date),
         coalesce(e.end_time, e.end_date, e.start_time + to_milliseconds(s.milliseconds)), e.number,
         e.unit_concept_id, nullif(e.unit_source, ''), s.samples
  FROM stage_series s JOIN stage_event e ON e.seq = s.seq
    ANTI JOIN superseded_event o ON o.seq = s.seq ANTI JOIN refused_event r ON r.seq = s.seq
  WHERE e.number IS NOT NULL;
-- A result and a sample of one patient; a sample that is not in the store is not referred to.
INSERT INTO clinnova.specimen_use
  SELECT table_of(e.target), e.row_id, s.specimen_id
  FROM stage_reference r JOIN loadable e ON e.seq = r.seq
    JOIN specimen s ON s.specimen_id = r.specimen_id AND s.person_id = e.person_id;
)sql";

const std::string_view kDropDetails = R"sql(
DROP TABLE earlier_place;
DROP TABLE earlier_location;
DROP MACRO table_of;
DROP MACRO coarse_zip;
DROP MACRO device_identifier;
DROP TABLE stage_device;
DROP TABLE stage_imaging;
DROP TABLE stage_series;
DROP TABLE stage_care_site;
DROP TABLE stage_provider;
DROP TABLE checked_care_site;
DROP TABLE checked_provider;
DROP TABLE stage_sample;
)sql";

}  // namespace clinnova::intake
