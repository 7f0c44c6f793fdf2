// SPDX-License-Identifier: Apache-2.0
// FHIR resources from files: one resource, a Bundle, a JSON array of resources, or NDJSON (a resource a line);
// plain or gzip.
//
//   ForEachResource("Patient.ndjson.gz", Bundles::kOpened, [&](const JsonTree& resource) { …; return Result<void>(); });
//
// Memory: NDJSON one line at a time, everything else a document as a whole.
#pragma once

#include <filesystem>
#include <functional>

#include "intake/json_tree.h"

namespace clinnova::intake {

/// Whether a Bundle is itself the resource, or stands for the resources in it.
enum class Bundles { kWhole, kOpened };

/// Calls `use` for each resource in the file's order, and passes its error on. kInvalidInput naming file and line
/// where something is no JSON or no resource; kFailed when the file cannot be read.
Result<void> ForEachResource(const std::filesystem::path& path, Bundles bundles,
                             const std::function<Result<void>(const JsonTree&)>& use);

/// The whole of a JSON file, plain or gzip. Errors as above.
Result<JsonDocument> ReadJsonFile(const std::filesystem::path& path);

}  // namespace clinnova::intake
