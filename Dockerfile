# The Python minor version is the one that the tests run on.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/outerward \
 && /opt/outerward/bin/pip install --no-cache-dir --no-deps --require-hashes --only-binary :all: \
      -r requirements.lock
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY session_store session_store
COPY idp_adapters idp_adapters
COPY proxy proxy
COPY admin_api admin_api
COPY dashboard dashboard
COPY outerward outerward
RUN /opt/outerward/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
 && /opt/outerward/bin/pip uninstall --yes setuptools pip

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --shell /usr/sbin/nologin outerward \
 && install --directory --owner outerward --group outerward --mode 0700 /var/lib/outerward
COPY --from=build /opt/outerward /opt/outerward
ENV PATH=/opt/outerward/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1
USER 10001
WORKDIR /var/lib/outerward
VOLUME /var/lib/outerward
EXPOSE 4180 4040
# The configuration is /etc/outerward/outerward.toml; both commands find it there.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["outerward", "healthcheck"]
ENTRYPOINT ["outerward"]
CMD ["serve"]
