// SPDX-License-Identifier: Apache-2.0
// An OMOP CDM that the hospital keeps on a PostgreSQL server, attached as it is and only read.
//
//   CLINNOVA_ASSIGN(const auto attachment, ReadAttachment("basel/postgresql.toml"));   // nothing: none
//   CLINNOVA_ASSIGN(AttachedCdm cdm, AttachedCdm::Open(*attachment));
//   CLINNOVA_TRY(cdm.server().ForEachRow("SELECT count(*) FROM person", …));
//
// CDM 5.3 and 5.4 alike: what studies read is the same in both. Everything is read in one transaction that is
// read only and sees one state of the data.
// Thread rule: one thread at a time.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/error.h"
#include "store/postgres.h"

namespace clinnova::store {

/// postgresql.toml of a site's folder.
struct Attachment {
  std::string connection;              ///< libpq's, without a password (Postgres::Connect)
  std::string schema;                  ///< of the CDM's tables
  std::string vocabulary_schema = {};  ///< of concept_ancestor; empty: `schema`
  /// Who may be in a study: a table or view "SCHEMA.NAME" with a column person_id, or "everyone" where the legal
  /// basis of the whole CDM lets it.
  std::string research_persons;

  /// `research_persons` as a relation in SQL.
  std::string ResearchPersonsSql() const;
};

/// Nothing when there is no such file. kInvalidInput names file, line and key.
Result<std::optional<Attachment>> ReadAttachment(const std::filesystem::path& file);
/// Written whole or not at all, readable by its owner only.
Result<void> WriteAttachment(const std::filesystem::path& file, const Attachment& attachment);

class AttachedCdm {
 public:
  /// Connects, begins the transaction and looks whether every table and column that a study may read is there,
  /// of a fitting type and may be read by this user. kInvalidInput ("cdm_not_as_expected") lists what is not;
  /// errors of Postgres::Connect.
  static Result<AttachedCdm> Open(const Attachment& attachment);

  /// In the transaction; unqualified names are the CDM's.
  Postgres& server() { return server_; }
  const Attachment& attachment() const { return attachment_; }

  /// "5.4", as the table cdm_source says; empty where it does not.
  Result<std::string> CdmVersion();

 private:
  AttachedCdm(Postgres server, Attachment attachment)
      : server_(std::move(server)), attachment_(std::move(attachment)) {}
  Result<void> CheckTables();

  Postgres server_;
  Attachment attachment_;
};

}  // namespace clinnova::store
