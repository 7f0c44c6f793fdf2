# SPDX-License-Identifier: Apache-2.0
# Every outside library, found once. ./run installs them; each is explained in CONTRIBUTING.md.
include(GoogleTest)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(simdjson REQUIRED)
find_package(tl-expected REQUIRED)
find_package(CLI11 REQUIRED)
pkg_check_modules(httplib REQUIRED IMPORTED_TARGET cpp-httplib)
find_package(Eigen3 REQUIRED NO_MODULE)
find_package(Protobuf REQUIRED)
pkg_check_modules(pcre2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(libpq REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(serd REQUIRED IMPORTED_TARGET serd-0)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(tomlplusplus REQUIRED IMPORTED_TARGET tomlplusplus)
pkg_check_modules(grpcpp REQUIRED IMPORTED_TARGET grpc++)
if(CLINNOVA_TESTS)
  find_package(GTest REQUIRED)
endif()

# DuckDB: a system copy where there is one, otherwise what npm brought into third_party/.
find_path(DUCKDB_INCLUDE_DIR duckdb.h
          HINTS ${CMAKE_SOURCE_DIR}/third_party/duckdb/node_modules/duckdb/src/duckdb/src/include)
find_library(DUCKDB_LIBRARY duckdb
             HINTS ${CMAKE_SOURCE_DIR}/third_party/duckdb/node_modules/@duckdb/node-bindings-linux-x64)
if(NOT DUCKDB_INCLUDE_DIR OR NOT DUCKDB_LIBRARY)
  message(FATAL_ERROR "DuckDB is missing: run ./run setup")
endif()
add_library(DuckDB::DuckDB UNKNOWN IMPORTED)
set_target_properties(DuckDB::DuckDB PROPERTIES IMPORTED_LOCATION ${DUCKDB_LIBRARY}
                                                INTERFACE_INCLUDE_DIRECTORIES ${DUCKDB_INCLUDE_DIR})
