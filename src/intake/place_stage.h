// SPDX-License-Identifier: Apache-2.0
// Where places and professionals wait until the statements of detail_statements.h move them into care_site,
// location and provider. They are about no patient, so that nothing resolves or checks them but this.
//
// Property: no name or number of a person enters: a professional's and a place's source value is a keyed hash, an
// address is a town and the beginning of a postal code. Assumption: as pseudonym.h.
//
//   if (!IsAboutAPatient(record.kind)) places.Take(record);
#pragma once

#include <cstdint>
#include <string>

#include "core/duckdb.h"
#include "intake/pseudonym.h"
#include "intake/record_resolver.h"
#include "intake/source_details.h"

namespace clinnova::intake {

/// One thread at a time. Must not outlive the database, the key and the lookup.
class PlaceStage {
 public:
  /// Begins to append to the staging tables, which are there already.
  static Result<PlaceStage> Open(core::Database& database, const PseudonymKey& key,
                                 CodeLookup& lookup);

  /// Stages a record that has an identity; the last one of an identity counts.
  void Take(const SourceRecord& record);

  /// Writes what is buffered; must be called before the stage ends.
  Result<void> Finish();

 private:
  PlaceStage(const PseudonymKey& key, CodeLookup& lookup, core::SqlAppender care_sites,
             core::SqlAppender providers);
  void Begin(core::SqlAppender& rows, const SourceRecord& record);
  void TakeCareSite(const SourceRecord& record, const SourcePlace& place);
  void TakeProvider(const SourceRecord& record, const SourceProfessional& professional);

  const PseudonymKey* key_;  // not owned
  CodeLookup* lookup_;       // not owned
  core::SqlAppender care_sites_, providers_;
  std::int64_t sequence_ = 0;
};

}  // namespace clinnova::intake
