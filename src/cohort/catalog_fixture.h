// SPDX-License-Identifier: Apache-2.0
// For tests: a catalog.toml that says everything.
#pragma once

#include <string>

namespace clinnova::cohort {

inline const std::string kCatalogToml = R"toml([dataset]
title = "Rheumatology, \"Basel\""
description = "Routine care\nand eCRF"
identifier = "https://data.hospital.example/ra"
access_url = "https://data.hospital.example/ask"
provenance = "From the hospital's records"
population = "Adults of one clinic"
legislation = ["http://data.europa.eu/eli/reg/2025/327/oj"]
categories = ["EHRS", "RQSH"]
themes = ["NONCOMMUNICABLE_DISEASES"]
keywords = ["rheumatoid arthritis", "biologics"]
languages = ["DEU", "FRA"]
countries = ["CHE"]
purposes = ["Research on the choice of treatment"]
retention_from = "2020-01-01"
retention_to = 2045-12-31

[publisher]
name = "Hospital of Basel"
type = "healthcare-providers"
email = "data@hospital.example"

[access_body]
name = "Health Data Access Body"
page = "https://hdab.example/"

[contact]
email = "data@hospital.example"
page = "https://data.hospital.example/"

[legal_basis]
description = "Informed consent"
source = "http://data.europa.eu/eli/reg/2016/679/oj"
)toml";

}  // namespace clinnova::cohort
