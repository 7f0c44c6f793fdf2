// SPDX-License-Identifier: Apache-2.0
#include "network/hub_store.h"

#include <algorithm>

namespace clinnova::network {
namespace {

constexpr const char* kTables = R"sql(
CREATE TABLE IF NOT EXISTS invites(hash BLOB PRIMARY KEY, site TEXT, expires INTEGER, used INTEGER);
CREATE TABLE IF NOT EXISTS sites(name TEXT PRIMARY KEY, fingerprint TEXT, identity BLOB, enrolled INTEGER,
                                 seen INTEGER, version TEXT);
CREATE TABLE IF NOT EXISTS studies(hash TEXT PRIMARY KEY, canonical TEXT, roster BLOB, state TEXT, error TEXT,
                                   submitted INTEGER, finished INTEGER, result TEXT);
CREATE TABLE IF NOT EXISTS decisions(study TEXT, site TEXT, number INTEGER, approved INTEGER, signed BLOB,
                                     PRIMARY KEY(study, site));
CREATE TABLE IF NOT EXISTS runs(study TEXT PRIMARY KEY, run BLOB, announcements BLOB, frozen BLOB, rows BLOB);
CREATE TABLE IF NOT EXISTS rounds(run BLOB, round INTEGER, request BLOB, uploads BLOB, sum BLOB, error BLOB,
                                  PRIMARY KEY(run, round)) WITHOUT ROWID;
)sql";
constexpr const char* kStudyColumns =
    "SELECT hash, canonical, roster, state, error, submitted, finished FROM studies ";
constexpr const char* kSiteColumns =
    "SELECT name, fingerprint, identity, seen, version FROM sites ";

struct KeptError {
  ErrorCode code = ErrorCode::kFailed;
  std::string message;
  std::string reason;

  template <class A>
  void Fields(A& a) {
    a(code), a(message), a(reason);
  }
};

StudyRecord StudyOf(const Row& row) {
  return {.hash = Text(row[0]),
          .canonical = Text(row[1]),
          .roster = Blob(row[2]),
          .state = Text(row[3]),
          .error = Text(row[4]),
          .submitted_ms = Number(row[5]),
          .finished_ms = Number(row[6])};
}

SiteRecord SiteOf(const Row& row) {
  SiteRecord site{.name = Text(row[0]),
                  .fingerprint = Text(row[1]),
                  .seen_ms = Number(row[3]),
                  .version = Text(row[4])};
  const core::Bytes& key = Blob(row[2]);
  std::copy_n(key.begin(), std::min(key.size(), site.identity.size()), site.identity.begin());
  return site;
}

}  // namespace

Result<std::unique_ptr<HubStore>> HubStore::Open(const std::filesystem::path& path) {
  CLINNOVA_ASSIGN(auto database, Database::Open(path));
  CLINNOVA_TRY(database->RunScript(kTables));
  return std::unique_ptr<HubStore>(new HubStore(std::move(database)));
}

Result<void> HubStore::AddInvite(const core::Hash& secret, const std::string& site,
                                 std::int64_t expires_ms) {
  return database_->Run("INSERT INTO invites VALUES(?,?,?,0)",
                        {BlobCell(secret), site, expires_ms});
}

Result<void> HubStore::CheckInvite(const core::Hash& secret, const std::string& site,
                                   std::int64_t now_ms) {
  CLINNOVA_ASSIGN(
      const auto rows,
      database_->Query("SELECT site, expires, used FROM invites WHERE hash=?", {BlobCell(secret)}));
  if (rows.empty() || Text(rows[0][0]) != site) {
    return Fail(ErrorCode::kInvalidInput, "the hub does not know this invite", "unknown_invite");
  }
  if (Number(rows[0][2]) != 0) {
    return Fail(ErrorCode::kInvalidInput, "the invite was used on " + TimeText(Number(rows[0][2])),
                "used_invite");
  }
  if (now_ms > Number(rows[0][1])) {
    return Fail(ErrorCode::kInvalidInput, "the invite expired on " + TimeText(Number(rows[0][1])),
                "expired_invite");
  }
  return {};
}

Result<void> HubStore::Enrol(const core::Hash& secret, const SiteRecord& site,
                             std::int64_t now_ms) {
  return database_->Transaction([&]() -> Result<void> {
    CLINNOVA_TRY(CheckInvite(secret, site.name, now_ms));
    CLINNOVA_TRY(
        database_->Run("UPDATE invites SET used=? WHERE hash=?", {now_ms, BlobCell(secret)}));
    return database_->Run("INSERT OR REPLACE INTO sites VALUES(?,?,?,?,0,'')",
                          {site.name, site.fingerprint, BlobCell(site.identity), now_ms});
  });
}

Result<std::vector<SiteRecord>> HubStore::Sites() {
  CLINNOVA_ASSIGN(const auto rows, database_->Query(std::string(kSiteColumns) + "ORDER BY name"));
  std::vector<SiteRecord> sites;
  for (const Row& row : rows) sites.push_back(SiteOf(row));
  return sites;
}

Result<std::optional<SiteRecord>> HubStore::SiteByFingerprint(const std::string& fingerprint) {
  CLINNOVA_ASSIGN(
      const auto rows,
      database_->Query(std::string(kSiteColumns) + "WHERE fingerprint=?", {fingerprint}));
  if (rows.empty()) return std::optional<SiteRecord>();
  return std::optional<SiteRecord>(SiteOf(rows[0]));
}

Result<void> HubStore::Seen(const std::string& site, const std::string& version,
                            std::int64_t now_ms) {
  return database_->Run("UPDATE sites SET seen=?, version=? WHERE name=?", {now_ms, version, site});
}

Result<bool> HubStore::AddStudy(const StudyRecord& study) {
  CLINNOVA_ASSIGN(const auto known, Study(study.hash));
  if (known) return false;
  CLINNOVA_TRY(database_->Run(
      "INSERT INTO studies VALUES(?,?,?,?,?,?,0,NULL)",
      {study.hash, study.canonical, study.roster, study.state, study.error, study.submitted_ms}));
  return true;
}

Result<std::vector<StudyRecord>> HubStore::Studies() {
  CLINNOVA_ASSIGN(const auto rows,
                  database_->Query(std::string(kStudyColumns) + "ORDER BY submitted DESC, hash"));
  std::vector<StudyRecord> studies;
  for (const Row& row : rows) studies.push_back(StudyOf(row));
  return studies;
}

Result<std::optional<StudyRecord>> HubStore::Study(const std::string& hash) {
  CLINNOVA_ASSIGN(const auto rows,
                  database_->Query(std::string(kStudyColumns) + "WHERE hash=?", {hash}));
  if (rows.empty()) return std::optional<StudyRecord>();
  return std::optional<StudyRecord>(StudyOf(rows[0]));
}

Result<void> HubStore::SetState(const std::string& hash, const std::string& state,
                                const std::string& error) {
  return database_->Run("UPDATE studies SET state=?, error=? WHERE hash=?", {state, error, hash});
}

Result<void> HubStore::Reopen(const std::string& hash, std::int64_t now_ms) {
  return database_->Transaction([&]() -> Result<void> {
    CLINNOVA_TRY(database_->Run(
        "DELETE FROM rounds WHERE run IN (SELECT run FROM runs WHERE study=?)", {hash}));
    CLINNOVA_TRY(database_->Run("DELETE FROM runs WHERE study=?", {hash}));
    return database_->Run(
        "UPDATE studies SET state='submitted', error='', result=NULL, submitted=?, finished=0 "
        "WHERE hash=?",
        {now_ms, hash});
  });
}

Result<void> HubStore::Close(const std::string& hash, const std::string& state,
                             const std::string& error, const std::string& result,
                             std::int64_t now_ms) {
  const Cell file = result.empty() ? Cell() : Cell(result);
  return database_->Run("UPDATE studies SET state=?, error=?, result=?, finished=? WHERE hash=?",
                        {state, error, file, now_ms, hash});
}

Result<std::optional<std::string>> HubStore::ResultFile(const std::string& hash) {
  CLINNOVA_ASSIGN(const auto rows,
                  database_->Query("SELECT result FROM studies WHERE hash=?", {hash}));
  if (rows.empty() || IsNull(rows[0][0])) return std::optional<std::string>();
  return std::optional<std::string>(Text(rows[0][0]));
}

Result<bool> HubStore::AddDecision(const std::string& study, const Decision& decision,
                                   const SignedDecision& signed_decision) {
  const auto number = static_cast<std::int64_t>(decision.number);
  CLINNOVA_ASSIGN(const auto known,
                  database_->Query("SELECT number FROM decisions WHERE study=? AND site=?",
                                   {study, decision.site}));
  if (!known.empty() && Number(known[0][0]) >= number) return false;
  CLINNOVA_TRY(database_->Run("INSERT OR REPLACE INTO decisions VALUES(?,?,?,?,?)",
                              {study, decision.site, number, std::int64_t{decision.approved},
                               core::Encode(signed_decision)}));
  return true;
}

Result<std::map<std::string, bool>> HubStore::Decisions(const std::string& study) {
  CLINNOVA_ASSIGN(const auto rows,
                  database_->Query("SELECT site, approved FROM decisions WHERE study=?", {study}));
  std::map<std::string, bool> decisions;
  for (const Row& row : rows) decisions[Text(row[0])] = Number(row[1]) != 0;
  return decisions;
}

Result<std::optional<RunRecord>> HubStore::Run(const std::string& study) {
  CLINNOVA_ASSIGN(
      const auto rows,
      database_->Query("SELECT run, announcements, frozen, rows FROM runs WHERE study=?", {study}));
  if (rows.empty()) return std::optional<RunRecord>();
  RunRecord run{
      .announcements = Blob(rows[0][1]), .frozen = Blob(rows[0][2]), .rows = Blob(rows[0][3])};
  const core::Bytes& id = Blob(rows[0][0]);
  std::copy_n(id.begin(), std::min(id.size(), run.run.size()), run.run.begin());
  return std::optional<RunRecord>(std::move(run));
}

Result<void> HubStore::KeepRun(const std::string& study, const RunRecord& run) {
  return database_->Run("INSERT OR REPLACE INTO runs VALUES(?,?,?,?,?)",
                        {study, BlobCell(run.run), run.announcements, run.frozen, run.rows});
}

Result<std::optional<RoundRecord>> HubStore::Round(const federation::RunId& run,
                                                   std::uint64_t round) {
  CLINNOVA_ASSIGN(
      const auto rows,
      database_->Query("SELECT request, uploads, sum, error FROM rounds WHERE run=? AND round=?",
                       {BlobCell(run), static_cast<std::int64_t>(round)}));
  if (rows.empty()) return std::optional<RoundRecord>();
  const Row& row = rows[0];
  RoundRecord record{.request = Blob(row[0])};
  if (!IsNull(row[1])) {
    CLINNOVA_ASSIGN(record.uploads, core::Decode<std::vector<core::Bytes>>(Blob(row[1])));
  }
  if (!IsNull(row[2])) {
    CLINNOVA_ASSIGN(record.sum, core::Decode<std::vector<__int128>>(Blob(row[2])));
    record.finished = true;
  }
  if (!IsNull(row[3])) {
    CLINNOVA_ASSIGN(KeptError error, core::Decode<KeptError>(Blob(row[3])));
    record.error = Error{error.code, std::move(error.message), std::move(error.reason)};
    record.finished = true;
  }
  return std::optional<RoundRecord>(std::move(record));
}

Result<void> HubStore::KeepUploads(const federation::RunId& run, std::uint64_t round,
                                   const core::Bytes& request,
                                   const std::vector<core::Bytes>& uploads) {
  return database_->Run(
      "INSERT OR REPLACE INTO rounds VALUES(?,?,?,?,NULL,NULL)",
      {BlobCell(run), static_cast<std::int64_t>(round), request, core::Encode(uploads)});
}

Result<void> HubStore::KeepSum(const federation::RunId& run, std::uint64_t round,
                               const core::Bytes& request, const std::vector<__int128>& sum) {
  return database_->Run(
      "INSERT OR REPLACE INTO rounds VALUES(?,?,?,NULL,?,NULL)",
      {BlobCell(run), static_cast<std::int64_t>(round), request, core::Encode(sum)});
}

Result<void> HubStore::KeepRoundError(const federation::RunId& run, std::uint64_t round,
                                      const core::Bytes& request, const Error& error) {
  return database_->Run("INSERT OR REPLACE INTO rounds VALUES(?,?,?,NULL,NULL,?)",
                        {BlobCell(run), static_cast<std::int64_t>(round), request,
                         core::Encode(KeptError{error.code, error.message, error.reason})});
}

Result<std::int64_t> HubStore::FinishedRounds(const std::string& study) {
  CLINNOVA_ASSIGN(const auto rows,
                  database_->Query("SELECT count(*) FROM rounds JOIN runs ON rounds.run=runs.run "
                                   "WHERE runs.study=? AND rounds.sum IS NOT NULL",
                                   {study}));
  return Number(rows[0][0]);
}

}  // namespace clinnova::network
