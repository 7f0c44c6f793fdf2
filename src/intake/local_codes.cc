// SPDX-License-Identifier: Apache-2.0
#include "intake/local_codes.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>
#include <optional>
#include <set>

#include "core/text.h"
#include "intake/csv_rows.h"
#include "vocabulary/code_system.h"

namespace clinnova::intake {
namespace {

using core::Database;

/// Above this many concepts only those that share the beginning of a word with a description are compared.
constexpr std::int64_t kCompareAll = 20'000;
/// Letters of a word that a candidate's name must contain: enough to span "Protein" and "proteins".
constexpr std::size_t kStem = 5;
constexpr double kLeastSimilarity = 0.2;

/// Letters, digits and bytes beyond ASCII make words.
std::vector<std::string> Words(std::string_view text) {
  std::vector<std::string> words(1);
  for (const char c : core::AsciiLower(text)) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) || byte >= 0x80) {
      words.back() += c;
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

std::set<std::string> Trigrams(std::string_view text) {
  std::set<std::string> trigrams;
  for (const std::string& word : Words(text)) {
    const std::string padded = "  " + word + " ";
    for (std::size_t i = 0; i + 3 <= padded.size(); ++i) trigrams.insert(padded.substr(i, 3));
  }
  return trigrams;
}

double Similarity(const std::set<std::string>& a, const std::set<std::string>& b) {
  std::size_t both = 0;
  for (const std::string& trigram : a) both += b.count(trigram);
  const std::size_t either = a.size() + b.size() - both;
  return either == 0 ? 0.0 : static_cast<double>(both) / static_cast<double>(either);
}

std::string DomainOf(std::string_view kind) {
  if (kind == "condition") return "Condition";
  if (kind == "drug") return "Drug";
  if (kind == "procedure") return "Procedure";
  if (kind == "visit") return "Visit";
  if (kind == "observation") return "Observation";
  if (kind == "specimen") return "Specimen";
  if (kind == "device") return "Device";
  return "Measurement";
}

/// WHERE clause for the concepts that may be what a description says, of a store with that many.
std::string CandidateFilter(std::string_view description, std::int64_t concepts) {
  if (concepts <= kCompareAll) return "true";
  std::string filter;
  for (const std::string& word : Words(description)) {
    if (word.size() < 3) continue;
    filter += (filter.empty() ? "" : " OR ") + std::string("contains(lower(concept_name), ") +
              core::SqlLiteral(word.substr(0, kStem)) + ")";
  }
  return filter.empty() ? "false" : "(" + filter + ")";
}

Result<std::vector<SuggestedConcept>> Suggest(Database& database, const UnmappedLocalCode& code,
                                              std::int64_t concepts, std::size_t wanted) {
  const std::string& said = code.description.empty() ? code.code : code.description;
  CLINNOVA_ASSIGN(auto rows,
                  database.Query("SELECT concept_id, concept_name, vocabulary_id FROM concept "
                                 "WHERE standard_concept = 'S' AND domain_id = ? AND " +
                                     CandidateFilter(said, concepts),
                                 {DomainOf(code.kind)}));
  const std::set<std::string> trigrams = Trigrams(said);
  std::vector<SuggestedConcept> suggested;
  while (rows.NextChunk()) {
    for (std::size_t r = 0; r < rows.chunk_size(); ++r) {
      const double similarity = Similarity(trigrams, Trigrams(rows.Text(1, r)));
      if (similarity < kLeastSimilarity) continue;
      suggested.push_back({rows.Int64(0, r), std::string(rows.Text(1, r)),
                           std::string(rows.Text(2, r)), similarity});
    }
  }
  std::sort(suggested.begin(), suggested.end(), [](const auto& a, const auto& b) {
    return std::pair(-a.similarity, a.concept_id) < std::pair(-b.similarity, b.concept_id);
  });
  if (suggested.size() > wanted) suggested.resize(wanted);
  return suggested;
}

tl::unexpected<Error> Wrong(const std::filesystem::path& file, std::uint64_t line,
                            const std::string& message) {
  return Fail(ErrorCode::kInvalidInput,
              file.string() + ": line " + std::to_string(line) + ": " + message);
}

/// The columns of a file of decisions, by their names in its header.
struct DecisionColumns {
  std::size_t code = 0;
  std::size_t target = 0;
  std::optional<std::size_t> description, system;
  std::size_t count = 0;
};

Result<DecisionColumns> ReadHeader(const CsvRows& rows, const std::filesystem::path& file) {
  std::map<std::string, std::size_t> at;
  for (const std::string_view field : rows.fields()) {
    const std::string name = core::AsciiLower(field);
    const std::size_t column = at.size();
    const bool known = name == "source_code" || name == "description" ||
                       name == "target_concept_id" || name == "source_vocabulary";
    if (!known || !at.emplace(name, column).second) {
      return Wrong(file, rows.line(),
                   "found column \"" + std::string(field) +
                       "\", expected source_code, description, target_concept_id "
                       "and where needed source_vocabulary, each once");
    }
  }
  for (const char* required : {"source_code", "target_concept_id"}) {
    if (!at.contains(required)) {
      return Wrong(file, rows.line(), std::string("found no column \"") + required + "\"");
    }
  }
  DecisionColumns columns{at["source_code"], at["target_concept_id"], {}, {}, at.size()};
  if (at.contains("description")) columns.description = at["description"];
  if (at.contains("source_vocabulary")) columns.system = at["source_vocabulary"];
  return columns;
}

/// What a target that is not a standard concept should have been.
Result<void> CheckTarget(Database& database, const LocalCodeDecision& decision) {
  if (decision.target_concept_id == 0) return {};
  CLINNOVA_ASSIGN(auto rows, database.Query(R"sql(
SELECT coalesce(c.standard_concept, ''), c.concept_name,
       coalesce((SELECT min(r.concept_id_2) FROM concept_relationship r
                 WHERE r.concept_id_1 = c.concept_id AND r.relationship_id = 'Maps to'), 0)
FROM concept c WHERE c.concept_id = ?)sql",
                                            {decision.target_concept_id}));
  const std::string where = "code \"" + decision.code + "\": found target concept " +
                            std::to_string(decision.target_concept_id);
  if (!rows.NextChunk()) {
    return Fail(
        ErrorCode::kInvalidInput,
        where + ", which this store does not know; expected a standard concept, or 0 for none");
  }
  if (rows.Text(0, 0) == "S") return {};
  std::string message =
      where + " (" + std::string(rows.Text(1, 0)) + "), which is not a standard concept";
  if (rows.Int64(2, 0) != 0) message += ", expected " + std::to_string(rows.Int64(2, 0));
  return Fail(ErrorCode::kInvalidInput, message);
}

Result<void> CheckDecisions(Database& database, const std::vector<LocalCodeDecision>& decisions) {
  if (decisions.empty())
    return Fail(ErrorCode::kInvalidInput, "found no decision, expected one or more");
  std::map<std::pair<std::string, std::string>, std::int64_t> seen;
  for (const LocalCodeDecision& decision : decisions) {
    const auto [earlier, fresh] =
        seen.emplace(std::pair(vocabulary::CodeSystemName(decision.system), decision.code),
                     decision.target_concept_id);
    if (!fresh && earlier->second != decision.target_concept_id) {
      return Fail(ErrorCode::kInvalidInput, "code \"" + decision.code + "\": found targets " +
                                                std::to_string(earlier->second) + " and " +
                                                std::to_string(decision.target_concept_id) +
                                                ", expected one");
    }
    CLINNOVA_TRY(CheckTarget(database, decision));
  }
  return {};
}

Result<void> Record(Database& database, std::int64_t version, const LocalCodeDecision& decision,
                    const std::string& decided_by) {
  const std::string system = vocabulary::CodeSystemName(decision.system);
  CLINNOVA_TRY(
      database.Query("INSERT INTO clinnova.mapping_decision VALUES "
                     "(?, now()::TIMESTAMP, ?, ?, ?, ?, ?)",
                     {version, decided_by, system, decision.code, decision.description,
                      decision.target_concept_id}));
  CLINNOVA_TRY(
      database.Query("UPDATE source_to_concept_map SET invalid_reason = 'U', valid_end_date = "
                     "current_date WHERE source_vocabulary_id = ? AND source_code = ? AND "
                     "invalid_reason IS NULL",
                     {system, decision.code}));
  CLINNOVA_TRY(database.Query(
      "INSERT INTO source_to_concept_map SELECT ?, 0, ?, nullif(?, ''), ?, coalesce((SELECT "
      "vocabulary_id FROM concept WHERE concept_id = ?), 'None'), current_date, DATE '2099-12-31', "
      "NULL",
      {decision.code, system, decision.description, decision.target_concept_id,
       decision.target_concept_id}));
  return {};
}

}  // namespace

double NameSimilarity(std::string_view a, std::string_view b) {
  return Similarity(Trigrams(a), Trigrams(b));
}

Result<std::vector<UnmappedLocalCode>> UnmappedCodes(Database& database,
                                                     const UnmappedOptions& options) {
  CLINNOVA_ASSIGN(auto rows, database.Query(R"sql(
WITH without_concept AS (
  SELECT 'condition' AS kind, condition_source_value AS said, count(*) AS n
    FROM condition_occurrence WHERE condition_concept_id = 0 GROUP BY ALL
  UNION ALL SELECT 'drug', drug_source_value, count(*)
    FROM drug_exposure WHERE drug_concept_id = 0 GROUP BY ALL
  UNION ALL SELECT 'measurement', measurement_source_value, count(*)
    FROM measurement WHERE measurement_concept_id = 0 GROUP BY ALL
  UNION ALL SELECT 'observation', observation_source_value, count(*)
    FROM observation WHERE observation_concept_id = 0 GROUP BY ALL
  UNION ALL SELECT 'procedure', procedure_source_value, count(*)
    FROM procedure_occurrence WHERE procedure_concept_id = 0 GROUP BY ALL
  UNION ALL SELECT 'visit', visit_source_value, count(*)
    FROM visit_occurrence WHERE visit_concept_id = 0 GROUP BY ALL)
SELECT u.kind, u.system, u.code, coalesce(u.display, ''), w.n
FROM clinnova.unmapped_code u JOIN without_concept w ON w.kind = u.kind AND w.said = left(u.code, 50)
WHERE NOT EXISTS (SELECT 1 FROM source_to_concept_map m
                  WHERE m.source_vocabulary_id = u.system AND m.source_code = u.code
                    AND m.invalid_reason IS NULL)
ORDER BY w.n DESC, u.kind, u.system, u.code LIMIT ?)sql",
                                            {static_cast<std::int64_t>(options.limit)}));
  std::vector<UnmappedLocalCode> codes;
  while (rows.NextChunk()) {
    for (std::size_t r = 0; r < rows.chunk_size(); ++r) {
      const auto text = [&](std::size_t column) { return std::string(rows.Text(column, r)); };
      codes.push_back({text(0), text(1), text(2), text(3), rows.Int64(4, r), {}});
    }
  }
  if (options.suggestions == 0) return codes;
  CLINNOVA_ASSIGN(const auto concepts, database.QueryInt64("SELECT count(*) FROM concept"));
  for (UnmappedLocalCode& code : codes) {
    CLINNOVA_ASSIGN(code.suggestions, Suggest(database, code, concepts, options.suggestions));
  }
  return codes;
}

Result<std::vector<LocalCodeDecision>> ReadDecisions(const std::filesystem::path& file) {
  CLINNOVA_ASSIGN(CsvRows rows, CsvRows::Open({.path = file}));
  std::optional<DecisionColumns> columns;
  std::vector<LocalCodeDecision> decisions;
  for (;;) {
    CLINNOVA_ASSIGN(const CsvRows::Step step, rows.Next());
    if (step == CsvRows::Step::kEnd) break;
    if (step == CsvRows::Step::kMalformed) return Wrong(file, rows.line(), rows.message());
    if (!columns) {
      CLINNOVA_ASSIGN(columns, ReadHeader(rows, file));
      continue;
    }
    const auto fields = rows.fields();
    if (fields.size() != columns->count) {
      return Wrong(file, rows.line(),
                   "found " + std::to_string(fields.size()) + " fields, expected " +
                       std::to_string(columns->count));
    }
    LocalCodeDecision decision;
    decision.code = fields[columns->code];
    if (decision.code.empty()) return Wrong(file, rows.line(), "source_code: found none");
    const std::string_view target = fields[columns->target];
    if (target.empty()) continue;  // a row of the printed list that was left undecided
    const auto [end, error] =
        std::from_chars(target.data(), target.data() + target.size(), decision.target_concept_id);
    if (error != std::errc() || end != target.data() + target.size() ||
        decision.target_concept_id < 0) {
      return Wrong(file, rows.line(),
                   "target_concept_id: found \"" + std::string(target) +
                       "\", expected a concept's number, or 0 for none");
    }
    if (columns->description) decision.description = fields[*columns->description];
    if (columns->system) decision.system = fields[*columns->system];
    decisions.push_back(std::move(decision));
  }
  return decisions;
}

Result<std::int64_t> Decide(Database& database, const std::vector<LocalCodeDecision>& decisions,
                            const std::string& decided_by) {
  CLINNOVA_TRY(CheckDecisions(database, decisions));
  CLINNOVA_ASSIGN(const auto version,
                  database.QueryInt64("SELECT coalesce(max(version), 0) + 1 FROM "
                                      "clinnova.mapping_decision"));
  CLINNOVA_TRY(database.Execute("BEGIN"));
  Result<void> done;
  for (const LocalCodeDecision& decision : decisions) {
    if (done) done = Record(database, version, decision, decided_by);
  }
  if (done) done = database.Execute("COMMIT");
  if (done) return version;
  static_cast<void>(database.Execute("ROLLBACK"));
  return Fail(done);
}

Result<std::vector<MappingVersion>> MappingVersions(Database& database) {
  CLINNOVA_ASSIGN(auto rows,
                  database.Query("SELECT version, strftime(max(decided_at), '%Y-%m-%d %H:%M'), "
                                 "max(decided_by), count(*) FROM clinnova.mapping_decision "
                                 "GROUP BY version ORDER BY version DESC"));
  std::vector<MappingVersion> versions;
  while (rows.NextChunk()) {
    for (std::size_t r = 0; r < rows.chunk_size(); ++r) {
      versions.push_back({rows.Int64(0, r), std::string(rows.Text(1, r)),
                          std::string(rows.Text(2, r)), rows.Int64(3, r)});
    }
  }
  return versions;
}

}  // namespace clinnova::intake
