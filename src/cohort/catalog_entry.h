// SPDX-License-Identifier: Apache-2.0
// A site's dataset as an entry of a catalogue: HealthDCAT-AP, release 8, in JSON-LD and in Turtle.
//
//   const nlohmann::ordered_json entry = CatalogEntry(settings, numbers);
//   std::string turtle = TurtleOf(entry);
//
// The entry is one dcat:Dataset and the dqv:Metric of its columns' completeness; the profile's own examples are datasets
// without a catalogue, too. Terms of vocabularies are bare IRIs, which the receiving catalogue knows.
// Source: https://healthdataeu.pages.code.europa.eu/healthdcat-ap (release 8, shapes for NON_PUBLIC); DCAT-AP 3.0.1.
// Thread rule: pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cohort/catalog_numbers.h"
#include "cohort/catalog_settings.h"

namespace clinnova::cohort {

/// JSON-LD with its own @context of prefixes and a @graph.
nlohmann::ordered_json CatalogEntry(const CatalogSettings& settings, const CatalogNumbers& numbers);

/// The same graph in Turtle. Reads JSON-LD as CatalogEntry writes it: prefixed terms, @id, @type, @value, nested nodes,
/// lists of values; no language maps, no @list.
std::string TurtleOf(const nlohmann::ordered_json& entry);

}  // namespace clinnova::cohort
