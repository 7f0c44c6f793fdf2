// SPDX-License-Identifier: Apache-2.0
// What an import did to consents, in the site's ledger: how many, never whose.
//
//   CLINNOVA_ASSIGN(ConsentRecord record, RecordConsentChange("basel", after.Since(before)));
#pragma once

#include <filesystem>

#include "core/error.h"
#include "store/consents.h"

namespace clinnova::network {

enum class ConsentRecord {
  kNothing,   ///< nothing changed
  kNoLedger,  ///< the folder has joined no hub: it has no key that could sign
  kEntered,
  kWaiting,  ///< a process serves the site and has the ledger; it enters the change within a second
};

/// Enters the change (kind `consent`): statements by purpose and status as they are now, persons whom studies see now, and
/// how many entered or left their view. Errors of Ledger and SiteStore.
Result<ConsentRecord> RecordConsentChange(const std::filesystem::path& folder,
                                          const store::ConsentChange& change);

}  // namespace clinnova::network
