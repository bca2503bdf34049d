# Libraries: from the system, and OpenSSL 3.5 from the cache that tools/deps.sh fills where the system's is older.
set(azs3copy_cache "$ENV{XDG_CACHE_HOME}")
if(NOT azs3copy_cache)
  set(azs3copy_cache "$ENV{HOME}/.cache")
endif()
string(APPEND azs3copy_cache "/azs3copy")

set(OPENSSL_USE_STATIC_LIBS ON)
if(NOT OPENSSL_ROOT_DIR AND EXISTS "${azs3copy_cache}/openssl-${CMAKE_SYSTEM_PROCESSOR}")
  set(OPENSSL_ROOT_DIR "${azs3copy_cache}/openssl-${CMAKE_SYSTEM_PROCESSOR}")
endif()
find_package(OpenSSL 3.5 REQUIRED)
find_package(Threads REQUIRED)

# Header-only: Boost (Asio, Beast, JSON, URL), fmt, CLI11, toml++, date.
find_path(BOOST_INCLUDE boost/asio.hpp REQUIRED)
find_path(FMT_INCLUDE fmt/format.h REQUIRED)

add_library(azs3copy_flags INTERFACE)
target_compile_options(azs3copy_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
  -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough -Wno-missing-designated-field-initializers -Werror -fno-strict-aliasing
  $<$<CONFIG:Release>:-ffunction-sections> $<$<CONFIG:Release>:-fdata-sections>)
target_compile_definitions(azs3copy_flags INTERFACE FMT_HEADER_ONLY=1
  AZS3COPY_VERSION="${PROJECT_VERSION}")
target_include_directories(azs3copy_flags INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_link_options(azs3copy_flags INTERFACE -fuse-ld=lld $<$<CONFIG:Release>:-Wl,--gc-sections,--icf=all>)
if(AZS3COPY_SANITIZE)
  target_compile_options(azs3copy_flags INTERFACE -fsanitize=${AZS3COPY_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(azs3copy_flags INTERFACE -fsanitize=${AZS3COPY_SANITIZE})
endif()
if(AZS3COPY_FUZZ)
  target_compile_options(azs3copy_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  # The sloppiness lets ccache work with precompiled headers.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_PCH_EXTSUM=1
    CCACHE_DIR=${azs3copy_cache}/ccache CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()
