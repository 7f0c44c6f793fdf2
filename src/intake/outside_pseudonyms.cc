// SPDX-License-Identifier: Apache-2.0
#include "intake/outside_pseudonyms.h"

#include <string>
#include <variant>

#include "intake/source_details.h"

namespace clinnova::intake {
namespace {

constexpr const char* kCreate =
    "CREATE TEMP TABLE stage_listed (person_id BIGINT, pseudonym VARCHAR, line BIGINT)";

/// Two lines that say different things of one patient.
constexpr const char* kTwoPseudonyms =
    "SELECT min(line), max(line) FROM stage_listed WHERE person_id IS NOT NULL "
    "GROUP BY person_id HAVING count(DISTINCT pseudonym) > 1 ORDER BY 1 LIMIT 1";

/// Two patients of this import or of the CDM with one pseudonym.
constexpr const char* kTwoPatients =
    "SELECT min(line), max(line) FROM stage_listed "
    "WHERE person_id IN (SELECT person_id FROM stage_person UNION ALL SELECT person_id FROM "
    "person) "
    "GROUP BY pseudonym HAVING count(DISTINCT person_id) > 1 ORDER BY 1 LIMIT 1";
constexpr const char* kTakenPseudonym =
    "SELECT min(l.line), min(l.line) FROM stage_listed l JOIN person p "
    "ON p.person_source_value = l.pseudonym AND p.person_id <> l.person_id "
    "WHERE l.person_id IN (SELECT person_id FROM stage_person UNION ALL SELECT person_id FROM "
    "person) "
    "HAVING count(*) > 0";
constexpr const char* kChangedPseudonym =
    "SELECT min(line), min(line) FROM stage_listed l JOIN person p USING (person_id) "
    "WHERE p.person_source_value <> l.pseudonym HAVING count(*) > 0";

// A patient of the CDM is in the list by his pseudonym, too: what says his number may not be in this import. His
// consents always count: a withdrawal must not wait for a list that names him no more.
constexpr const char* kGate = R"sql(
CREATE TEMP TABLE pseudonym_of AS
  SELECT person_id, any_value(pseudonym) AS pseudonym
  FROM (SELECT person_id, pseudonym FROM stage_listed WHERE person_id IS NOT NULL
        UNION ALL
        SELECT person_id, person_source_value FROM person
        WHERE person_source_value IN (SELECT pseudonym FROM stage_listed))
  GROUP BY person_id;
CREATE TEMP TABLE unlisted_person AS
  SELECT person_id FROM stage_person UNION SELECT person_id FROM stage_event
  UNION SELECT person_id FROM stage_consent WHERE person_id NOT IN (SELECT person_id FROM person)
  EXCEPT SELECT person_id FROM pseudonym_of;
INSERT INTO stage_quarantine
  SELECT source_id, line, path, kind, 'pseudonym.unlisted',
         'the list of pseudonyms does not name this patient', raw
  FROM (
    SELECT person_id, source_id, line, path, 'person' AS kind, '' AS raw FROM stage_person
    UNION ALL
    SELECT person_id, source_id, line, path, kind::VARCHAR,
           concat_ws(' ', source_value, start_date::VARCHAR, nullif(comparator, ''),
                     nullif(value_text, ''), nullif(unit_source, ''))
    FROM stage_event
    UNION ALL
    SELECT person_id, source_id, line, path, 'consent',
           concat_ws(' ', purpose, status, valid_from::VARCHAR)
    FROM stage_consent WHERE person_id NOT IN (SELECT person_id FROM person))
  WHERE person_id IN (SELECT person_id FROM unlisted_person);
DELETE FROM stage_person WHERE person_id IN (SELECT person_id FROM unlisted_person);
DELETE FROM stage_row WHERE person_id IN (SELECT person_id FROM unlisted_person);
DELETE FROM stage_short_row WHERE person_id IN (SELECT person_id FROM unlisted_person);
DELETE FROM stage_consent WHERE person_id IN (SELECT person_id FROM unlisted_person)
  AND person_id NOT IN (SELECT person_id FROM person);
UPDATE stage_person SET pseudonym = o.pseudonym FROM pseudonym_of o
  WHERE o.person_id = stage_person.person_id;
)sql";

constexpr const char* kTakeOver = R"sql(
UPDATE person SET person_source_value = l.pseudonym FROM stage_listed l
  WHERE l.person_id = person.person_id;
INSERT INTO clinnova.setting VALUES ('pseudonyms', 'service');
)sql";

}  // namespace

Result<bool> HasOutsidePseudonyms(core::Database& database) {
  CLINNOVA_ASSIGN(const std::int64_t set,
                  database.QueryInt64("SELECT count(*) FROM clinnova.setting WHERE name = "
                                      "'pseudonyms' AND value = 'service'"));
  return set > 0;
}

Result<OutsidePseudonyms> OutsidePseudonyms::Begin(core::Database& database,
                                                   const PseudonymKey& key,
                                                   const PseudonymList& list) {
  CLINNOVA_TRY(database.Execute(kCreate));
  CLINNOVA_ASSIGN(core::SqlAppender listed, database.Append("stage_listed"));
  for (const auto& [name, entry] : list.entries()) {
    entry.system.empty() ? listed.Int64(key.PersonId(entry.identifier)) : listed.Null();
    listed.Text(entry.pseudonym);
    listed.Int64(static_cast<std::int64_t>(entry.line));
    listed.EndRow();
  }
  return OutsidePseudonyms(database, key, list, std::move(listed));
}

void OutsidePseudonyms::Know(const SourceRecord& person) {
  if (person.details == nullptr || person.patient_id.empty()) return;
  const auto* patient = std::get_if<SourcePatient>(&person.details->of);
  if (patient == nullptr) return;
  for (const SourceIdentifier& identifier : patient->identifiers) {
    if (identifier.system.empty()) continue;
    const PseudonymList::Entry* entry = list_->Find(identifier.system, identifier.value);
    if (entry == nullptr) continue;
    listed_.Int64(key_->PersonId(person.patient_id));
    listed_.Text(entry->pseudonym);
    listed_.Int64(static_cast<std::int64_t>(entry->line));
    listed_.EndRow();
  }
}

/// kInvalidInput when the query has a row: two lines of the list, or one twice.
Result<void> OutsidePseudonyms::Refuse(const char* query, const std::string& what) {
  CLINNOVA_ASSIGN(auto rows, database_->Query(query));
  if (!rows.NextChunk()) return {};
  const std::string first = std::to_string(rows.Int64(0, 0));
  const std::string last = std::to_string(rows.Int64(1, 0));
  const std::string lines = first == last ? "line " + first : "lines " + first + " and " + last;
  return Fail(ErrorCode::kInvalidInput, list_->path() + ": " + lines + ": " + what);
}

Result<void> OutsidePseudonyms::Check() {
  CLINNOVA_TRY(Refuse(kTwoPseudonyms, "two pseudonyms for one patient of the exports"));
  return Refuse(kTwoPatients, "one pseudonym for two patients of the exports or the CDM");
}

Result<void> OutsidePseudonyms::CheckChanges() {
  CLINNOVA_TRY(Refuse(kChangedPseudonym,
                      "another pseudonym than the patient has in the CDM, from an earlier list"));
  return Refuse(kTakenPseudonym, "a pseudonym that another patient of the CDM has");
}

/// A CDM that has keyed pseudonyms until now.
Result<void> OutsidePseudonyms::TakeOver() {
  CLINNOVA_ASSIGN(const std::int64_t persons, database_->QueryInt64("SELECT count(*) FROM person"));
  CLINNOVA_ASSIGN(
      const std::int64_t unnamed,
      database_->QueryInt64("SELECT count(*) FROM person WHERE person_id NOT IN (SELECT "
                            "person_id FROM stage_listed WHERE person_id IS NOT NULL)"));
  if (unnamed == 0) return database_->Execute(kTakeOver);
  return Fail(
      ErrorCode::kInvalidInput,
      list_->path() + ": does not name " + std::to_string(unnamed) + " of the " +
          std::to_string(persons) +
          " patients of the CDM, who have pseudonyms of the site's own key: expected all of "
          "them, for a CDM has pseudonyms of one kind");
}

Result<std::int64_t> OutsidePseudonyms::Apply() {
  CLINNOVA_TRY(listed_.Finish());
  CLINNOVA_TRY(Check());
  CLINNOVA_ASSIGN(const bool outside, HasOutsidePseudonyms(*database_));
  CLINNOVA_TRY(outside ? CheckChanges() : TakeOver());
  CLINNOVA_TRY(database_->Execute(kGate));
  CLINNOVA_ASSIGN(const std::int64_t unlisted,
                  database_->QueryInt64("SELECT count(*) FROM unlisted_person"));
  CLINNOVA_TRY(database_->Execute(
      "DROP TABLE stage_listed; DROP TABLE pseudonym_of; DROP TABLE unlisted_person"));
  return unlisted;
}

}  // namespace clinnova::intake
