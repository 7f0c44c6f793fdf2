// SPDX-License-Identifier: Apache-2.0
// Reads openEHR compositions in the flat format (simplified data template), by a mapping of format
// "openehr", into source records. A file is one composition, an array of them, or one per line; a
// composition stands alone or as "composition" beside what its server knows of it, such as
// "ehr_id".
//
//   {"ehr_id": "7c2f…", "composition": {
//     "ctx/time": "2024-03-05T08:00:00+01:00",
//     "ra_visit/laboratory:0/any_event:0/crp|magnitude": 12,
//     "ra_visit/laboratory:0/any_event:0/crp|unit": "mg/L"}}
//
// Columns are paths without the template's name and without ":0": "ctx/time",
// "laboratory/any_event/crp|magnitude", "ehr_id". A record rule is for the composition, or, with
// `per`, for each node of that path, which may repeat: with per = "laboratory/any_event" its
// columns are "crp|magnitude" for what is below the node, and the whole path for what is elsewhere;
// of repeated nodes on the way there, those around the node count. Two columns are made: "@index"
// ("0.2", which node it is) and "@uid" (the composition's identity without its version).
//
// What the sink's Reject gets, by rule: openehr.json (a line that is no JSON), openehr.composition
// (an entry that is no flat composition), and those of record_maker.h. Compositions of which the
// mapping makes nothing are counted as ignored.
//
// Source: openEHR ITS-REST, Simplified Data Template (flat).
// Memory: one document as a whole; of a file with one composition per line, one line.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "intake/mapping.h"
#include "intake/source_record.h"

namespace clinnova::intake {

/// True when `head`, a file's first bytes, begins a flat composition, or a list of them.
bool LooksLikeOpenEhr(std::string_view head);

/// Reads a file; `name` is what records and messages call it. kInvalidInput when it is no JSON or
/// ends too early; kFailed when it cannot be read. The sink's errors are passed on.
Result<void> ReadOpenEhr(const std::filesystem::path& path, const std::string& name,
                         const Mapping& mapping, RecordSink& sink);

}  // namespace clinnova::intake
