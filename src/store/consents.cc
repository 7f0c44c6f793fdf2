// SPDX-License-Identifier: Apache-2.0
#include "store/consents.h"

#include <algorithm>
#include <iterator>

namespace clinnova::store {
namespace {

// The order of newest_key is that of clinnova.research_person (side_tables.cc), which a test holds.
constexpr std::string_view kStates = R"sql(
WITH statement AS (
  SELECT c.person_id, c.purpose, c.status,
         coalesce(epoch_us(c.valid_from::TIMESTAMP), -4000000000000000000) * 2
           + CASE WHEN c.status = 'given' THEN 0 ELSE 1 END AS newest_key,
         c.valid_from IS NOT NULL AND c.valid_from > current_date AS later,
         c.valid_to IS NOT NULL AND c.valid_to < current_date AS over
  FROM clinnova.consent c JOIN person p USING (person_id)),
said AS (
  SELECT person_id, purpose,
         arg_max(status, newest_key) FILTER (WHERE NOT later AND NOT over) AS in_force,
         arg_max(status, newest_key) FILTER (WHERE over AND NOT later) AS ended
  FROM statement GROUP BY person_id, purpose),
state AS (
  SELECT purpose, CASE WHEN in_force IS NOT NULL THEN in_force
                       WHEN ended = 'given' THEN 'expired'
                       WHEN ended IS NOT NULL THEN ended
                       ELSE 'not_yet' END AS state
  FROM said)
SELECT purpose, state, count(*) FROM state GROUP BY purpose, state
UNION ALL SELECT purpose, 'statements', count(*) FROM clinnova.consent GROUP BY purpose
)sql";

std::int64_t* FieldOf(PurposeConsents& consents, std::string_view state) {
  if (state == "given") return &consents.given;
  if (state == "refused") return &consents.refused;
  if (state == "withdrawn") return &consents.withdrawn;
  if (state == "expired") return &consents.expired;
  if (state == "not_yet") return &consents.not_yet;
  return &consents.statements;
}

}  // namespace

Result<ConsentSummary> SummariseConsents(Store& store) {
  core::Database& database = store.database();
  ConsentSummary summary;
  CLINNOVA_ASSIGN(summary.persons, database.QueryInt64("SELECT count(*) FROM person"));
  CLINNOVA_ASSIGN(summary.research_persons,
                  database.QueryInt64("SELECT count(*) FROM clinnova.research_person"));
  CLINNOVA_ASSIGN(const std::int64_t free,
                  database.QueryInt64("SELECT count(*) FROM clinnova.setting "
                                      "WHERE name = 'consent_required' AND value <> 'true'"));
  summary.required = free == 0;
  std::map<std::string, PurposeConsents> purposes;
  purposes["research"];  // told also where nobody said anything
  CLINNOVA_ASSIGN(auto rows, database.Query(std::string(kStates)));
  while (rows.NextChunk()) {
    for (std::size_t r = 0; r < rows.chunk_size(); ++r) {
      *FieldOf(purposes[std::string(rows.Text(0, r))], rows.Text(1, r)) += rows.Int64(2, r);
    }
  }
  for (auto& [purpose, consents] : purposes) {
    consents.purpose = purpose;
    consents.none = summary.persons - consents.given - consents.refused - consents.withdrawn -
                    consents.expired - consents.not_yet;
    summary.purposes.push_back(std::move(consents));
  }
  std::stable_partition(summary.purposes.begin(), summary.purposes.end(),
                        [](const PurposeConsents& one) { return one.purpose == "research"; });
  return summary;
}

Result<std::optional<PersonConsents>> ConsentsOf(Store& store, const std::string& pseudonym) {
  core::Database& database = store.database();
  PersonConsents consents;
  bool found = false;
  {
    CLINNOVA_ASSIGN(auto rows,
                    database.Query("SELECT (SELECT count(*) FROM clinnova.research_person r "
                                   "WHERE r.person_id = p.person_id) "
                                   "FROM person p WHERE p.person_source_value = ?",
                                   {pseudonym}));
    while (rows.NextChunk()) {
      for (std::size_t r = 0; r < rows.chunk_size(); ++r) {
        found = true;
        consents.seen_by_studies = rows.Int64(0, r) > 0;
      }
    }
  }
  if (!found) return std::optional<PersonConsents>();
  CLINNOVA_ASSIGN(auto rows,
                  database.Query("SELECT c.purpose, c.status, coalesce(c.valid_from::VARCHAR, ''), "
                                 "coalesce(c.valid_to::VARCHAR, '') FROM clinnova.consent c "
                                 "JOIN person p USING (person_id) WHERE p.person_source_value = ? "
                                 "ORDER BY c.valid_from DESC NULLS LAST, c.purpose, c.status",
                                 {pseudonym}));
  while (rows.NextChunk()) {
    for (std::size_t r = 0; r < rows.chunk_size(); ++r) {
      consents.statements.push_back({std::string(rows.Text(0, r)), std::string(rows.Text(1, r)),
                                     std::string(rows.Text(2, r)), std::string(rows.Text(3, r))});
    }
  }
  return std::optional<PersonConsents>(std::move(consents));
}

Result<ConsentSnapshot> ConsentSnapshot::Take(Store& store) {
  core::Database& database = store.database();
  ConsentSnapshot snapshot;
  {
    CLINNOVA_ASSIGN(auto rows,
                    database.Query("SELECT person_id FROM clinnova.research_person ORDER BY 1"));
    while (rows.NextChunk()) {
      for (std::size_t r = 0; r < rows.chunk_size(); ++r)
        snapshot.seen_.push_back(rows.Int64(0, r));
    }
  }
  {
    CLINNOVA_ASSIGN(auto rows, database.Query("SELECT purpose, status, count(*) "
                                              "FROM clinnova.consent GROUP BY purpose, status"));
    while (rows.NextChunk()) {
      for (std::size_t r = 0; r < rows.chunk_size(); ++r) {
        snapshot.statements_[std::string(rows.Text(0, r))][std::string(rows.Text(1, r))] =
            rows.Int64(2, r);
      }
    }
  }
  CLINNOVA_ASSIGN(auto rows,
                  database.Query("SELECT coalesce(sum(hash(consent_id, person_id, purpose, status, "
                                 "valid_from, valid_to)), 0)::VARCHAR FROM clinnova.consent"));
  while (rows.NextChunk()) {
    for (std::size_t r = 0; r < rows.chunk_size(); ++r) snapshot.digest_ = rows.Text(0, r);
  }
  return snapshot;
}

ConsentChange ConsentSnapshot::Since(const ConsentSnapshot& before) const {
  const auto only_in = [](const std::vector<std::int64_t>& a, const std::vector<std::int64_t>& b) {
    std::vector<std::int64_t> rest;
    std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(rest));
    return static_cast<std::int64_t>(rest.size());
  };
  return {.any = digest_ != before.digest_ || statements_ != before.statements_,
          .entered = only_in(seen_, before.seen_),
          .left = only_in(before.seen_, seen_),
          .statements = statements_,
          .research_persons = static_cast<std::int64_t>(seen_.size())};
}

}  // namespace clinnova::store
