// SPDX-License-Identifier: Apache-2.0
#include "network/site_store.h"

#include <algorithm>

namespace clinnova::network {
namespace {

constexpr const char* kTables = R"sql(
CREATE TABLE IF NOT EXISTS studies(hash TEXT PRIMARY KEY, canonical TEXT, roster BLOB, offered INTEGER, closed TEXT);
CREATE TABLE IF NOT EXISTS decisions(study TEXT, number INTEGER, signed BLOB, noted INTEGER,
                                     PRIMARY KEY(study, number));
CREATE TABLE IF NOT EXISTS runs(study TEXT PRIMARY KEY, run BLOB, frozen BLOB);
CREATE TABLE IF NOT EXISTS policy_notes(after TEXT, by TEXT, decided TEXT);
CREATE TABLE IF NOT EXISTS consent_notes(body TEXT);
)sql";
constexpr const char* kStudyColumns =
    "SELECT hash, canonical, roster, offered, closed, "
    "(SELECT signed FROM decisions WHERE study=hash ORDER BY number DESC LIMIT 1) FROM studies ";

Result<std::vector<SignedDecision>> DecisionsOf(const std::vector<Row>& rows) {
  std::vector<SignedDecision> decisions;
  for (const Row& row : rows) {
    CLINNOVA_ASSIGN(SignedDecision decision, core::Decode<SignedDecision>(Blob(row[0])));
    decisions.push_back(std::move(decision));
  }
  return decisions;
}

}  // namespace

Result<std::unique_ptr<SiteStore>> SiteStore::Open(const std::filesystem::path& path,
                                                   const federation::PublicKey& own_key) {
  CLINNOVA_ASSIGN(auto database, Database::Open(path));
  CLINNOVA_TRY(database->RunScript(kTables));
  return std::unique_ptr<SiteStore>(new SiteStore(std::move(database), own_key));
}

Result<bool> SiteStore::AddOffer(const std::string& hash, const StudyOffer& offer) {
  CLINNOVA_ASSIGN(const auto rows,
                  database_->Query("SELECT roster, closed FROM studies WHERE hash=?", {hash}));
  if (!rows.empty() && Blob(rows[0][0]) == offer.roster && Text(rows[0][1]).empty()) return false;
  CLINNOVA_TRY(database_->Run("INSERT OR REPLACE INTO studies VALUES(?,?,?,?,'')",
                              {hash, offer.canonical_json, offer.roster, NowMs()}));
  return true;
}

Result<OfferedStudy> SiteStore::StudyOf(const Row& row) {
  OfferedStudy study{.hash = Text(row[0]),
                     .canonical = Text(row[1]),
                     .roster = Blob(row[2]),
                     .offered_ms = Number(row[3]),
                     .closed = Text(row[4]),
                     .decision = {}};
  if (IsNull(row[5])) return study;
  CLINNOVA_ASSIGN(const auto signed_decision, core::Decode<SignedDecision>(Blob(row[5])));
  // Asked with every message: a signature that was good stays good.
  const std::lock_guard lock(mutex_);
  const auto known = verified_.find(signed_decision.signature);
  if (known != verified_.end() && known->second.first == signed_decision.body) {
    study.decision = known->second.second;
  } else if (const auto decision = OpenDecision(own_key_, signed_decision); decision) {
    verified_[signed_decision.signature] = {signed_decision.body, *decision};
    study.decision = *decision;
  }
  if (study.decision && core::ToHex(study.decision->study) != study.hash) study.decision.reset();
  return study;
}

Result<std::vector<OfferedStudy>> SiteStore::Studies() {
  CLINNOVA_ASSIGN(const auto rows,
                  database_->Query(std::string(kStudyColumns) + "ORDER BY offered DESC, hash"));
  std::vector<OfferedStudy> studies;
  for (const Row& row : rows) {
    CLINNOVA_ASSIGN(OfferedStudy study, StudyOf(row));
    studies.push_back(std::move(study));
  }
  return studies;
}

Result<OfferedStudy> SiteStore::Find(const std::string& hash) {
  CLINNOVA_ASSIGN(const auto rows, database_->Query(std::string(kStudyColumns) +
                                                        "WHERE substr(hash, 1, length(?1)) = ?1",
                                                    {hash}));
  if (hash.empty() || rows.empty()) {
    return Fail(ErrorCode::kInvalidInput, "study: no offered study is called \"" + hash + "\"",
                "unknown_study");
  }
  if (rows.size() > 1) {
    return Fail(ErrorCode::kInvalidInput,
                "study: \"" + hash + "\" is the beginning of several hashes");
  }
  return StudyOf(rows[0]);
}

Result<void> SiteStore::Close(const std::string& hash, const std::string& state) {
  return database_->Run("UPDATE studies SET closed=? WHERE hash=?", {state, hash});
}

Result<void> SiteStore::AddDecision(const std::string& hash, const Decision& decision,
                                    const SignedDecision& signed_decision) {
  return database_->Run(
      "INSERT INTO decisions VALUES(?,?,?,0)",
      {hash, static_cast<std::int64_t>(decision.number), core::Encode(signed_decision)});
}

Result<std::vector<SignedDecision>> SiteStore::Unnoted() {
  CLINNOVA_ASSIGN(
      const auto rows,
      database_->Query("SELECT signed FROM decisions WHERE noted=0 ORDER BY study, number"));
  return DecisionsOf(rows);
}

Result<void> SiteStore::MarkNoted(const SignedDecision& decision) {
  return database_->Run("UPDATE decisions SET noted=1 WHERE signed=?", {core::Encode(decision)});
}

Result<std::vector<SignedDecision>> SiteStore::Newest() {
  CLINNOVA_ASSIGN(
      const auto rows,
      database_->Query("SELECT signed FROM decisions AS d WHERE number = "
                       "(SELECT max(number) FROM decisions AS e WHERE e.study=d.study)"));
  return DecisionsOf(rows);
}

Result<std::optional<SiteRunRecord>> SiteStore::Run(const std::string& hash) {
  CLINNOVA_ASSIGN(const auto rows,
                  database_->Query("SELECT run, frozen FROM runs WHERE study=?", {hash}));
  if (rows.empty()) return std::optional<SiteRunRecord>();
  SiteRunRecord run{.frozen = Blob(rows[0][1])};
  const core::Bytes& id = Blob(rows[0][0]);
  std::copy_n(id.begin(), std::min(id.size(), run.run.size()), run.run.begin());
  return std::optional<SiteRunRecord>(std::move(run));
}

Result<void> SiteStore::KeepRun(const std::string& hash, const SiteRunRecord& run) {
  return database_->Run("INSERT OR REPLACE INTO runs VALUES(?,?,?)",
                        {hash, BlobCell(run.run), run.frozen});
}

Result<void> SiteStore::DropRun(const std::string& hash) {
  return database_->Run("DELETE FROM runs WHERE study=?", {hash});
}

Result<void> SiteStore::AddPolicyNote(const PolicyNote& note) {
  return database_->Run("INSERT INTO policy_notes VALUES(?,?,?)",
                        {note.after, note.by, note.decided});
}

Result<std::optional<PolicyNote>> SiteStore::TakePolicyNote(const std::string& after) {
  CLINNOVA_ASSIGN(const auto rows,
                  database_->Query("SELECT by, decided FROM policy_notes WHERE after=? "
                                   "ORDER BY rowid DESC LIMIT 1",
                                   {after}));
  if (rows.empty()) return std::optional<PolicyNote>();
  CLINNOVA_TRY(database_->Run("DELETE FROM policy_notes WHERE after=?", {after}));
  return PolicyNote{.after = after, .by = Text(rows[0][0]), .decided = Text(rows[0][1])};
}

Result<void> SiteStore::AddConsentNote(const std::string& body) {
  return database_->Run("INSERT INTO consent_notes VALUES(?)", {body});
}

Result<void> SiteStore::TakeConsentNotes(
    const std::function<Result<void>(const std::string& body)>& enter) {
  CLINNOVA_ASSIGN(const auto rows,
                  database_->Query("SELECT rowid, body FROM consent_notes ORDER BY rowid"));
  for (const Row& row : rows) {
    CLINNOVA_TRY(enter(Text(row[1])));
    CLINNOVA_TRY(database_->Run("DELETE FROM consent_notes WHERE rowid=?", {Number(row[0])}));
  }
  return {};
}

}  // namespace clinnova::network
