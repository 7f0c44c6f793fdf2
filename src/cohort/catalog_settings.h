// SPDX-License-Identifier: Apache-2.0
// What people say about a site's dataset in a catalogue: catalog.toml in the site's folder, read strictly. What can be
// counted is not in it (catalog_numbers.h).
//
//   CLINNOVA_ASSIGN(CatalogSettings settings, ReadCatalogSettings("basel/catalog.toml"));
//
// Which keys are required follows HealthDCAT-AP release 8 for data that are not public; docs/catalogue.md lists them with
// the property that each one fills. Thread rule: value.
#pragma once

#include <string>
#include <vector>

#include "core/error.h"

namespace clinnova::cohort {

/// In the site's folder.
inline constexpr const char* kCatalogFile = "catalog.toml";

/// How somebody is reached: an e-mail address, a page, or both.
struct CatalogContact {
  std::string email{};
  std::string page{};
};

/// An organisation.
struct CatalogAgent {
  std::string name{};
  std::string
      type{};  ///< of the vocabulary publisher-type, such as "healthcare-providers"; empty: not said
  CatalogContact contact{};
};

struct CatalogSettings {
  std::string title{};
  std::string description{};
  std::string identifier{};     ///< IRI
  std::string access_rights{};  ///< NON_PUBLIC, RESTRICTED or PUBLIC
  std::string access_url{};     ///< where access is asked for
  std::string type{};           ///< of the EU vocabulary dataset-type
  std::string provenance{};
  std::string population{};                ///< empty: only what can be counted
  std::vector<std::string> legislation{};  ///< IRIs
  std::vector<std::string> categories{};   ///< of Article 51 of the EHDS Regulation, "EHRS"
  std::vector<std::string> themes{};       ///< "NONCOMMUNICABLE_DISEASES"
  std::vector<std::string> keywords{};
  std::vector<std::string> languages{};  ///< "DEU"
  std::vector<std::string> countries{};  ///< "CHE"
  std::vector<std::string> purposes{};
  std::string retention_from{};  ///< days; empty: not said
  std::string retention_to{};
  CatalogAgent publisher{};
  CatalogAgent access_body{};
  CatalogContact contact{};
  std::string legal_basis{};         ///< empty: not said
  std::string legal_basis_source{};  ///< IRI of the act; empty: not said
};

/// kInvalidInput names file, line and key: what is missing, unknown, of another kind, no IRI, no day or no word of its
/// vocabulary.
Result<CatalogSettings> ReadCatalogSettings(const std::string& file);

}  // namespace clinnova::cohort
