// SPDX-License-Identifier: Apache-2.0
#include "intake/detail_statements.h"

namespace clinnova::intake {

const std::string_view kCreateDetails = R"sql(
CREATE TEMP TABLE stage_reference (seq BIGINT, specimen_id BIGINT);
CREATE TEMP TABLE stage_sample (
  seq BIGINT, number VARCHAR, site_concept_id BIGINT, site VARCHAR, received DATE, container VARCHAR,
  storage VARCHAR, storage_low DOUBLE, storage_high DOUBLE, processing VARCHAR, parent_id BIGINT,
  status VARCHAR);
)sql";

const std::string_view kClearDetails = R"sql(
DELETE FROM specimen WHERE specimen_id IN (SELECT row_id FROM earlier_row);
DELETE FROM clinnova.sample WHERE specimen_id IN (SELECT row_id FROM earlier_row);
DELETE FROM clinnova.specimen_use WHERE row_id IN (SELECT row_id FROM earlier_row);
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
-- A result and a sample of one patient; a sample that is not in the store is not referred to.
INSERT INTO clinnova.specimen_use
  SELECT CASE e.target WHEN 'condition' THEN 'condition_occurrence' WHEN 'drug' THEN 'drug_exposure'
                       WHEN 'procedure' THEN 'procedure_occurrence' ELSE e.target END,
         e.row_id, s.specimen_id
  FROM stage_reference r JOIN loadable e ON e.seq = r.seq
    JOIN specimen s ON s.specimen_id = r.specimen_id AND s.person_id = e.person_id;
DELETE FROM clinnova.specimen_use
  WHERE specimen_id IN (SELECT row_id FROM earlier_row)
    AND specimen_id NOT IN (SELECT specimen_id FROM specimen);
)sql";

const std::string_view kDropDetails = R"sql(
DROP TABLE stage_reference;
DROP TABLE stage_sample;
)sql";

}  // namespace clinnova::intake
