# Slim, not root, no compiler and no curl. `make image` runs each COPY and RUN below in an empty folder, line by line,
# where there is no engine to build it; tests/test_image.py keeps this file and that script together.
FROM python:3.11-slim AS build
WORKDIR /srv/shixian
RUN python -m venv /opt/shixian
COPY requirements.txt requirements-build.txt ./
RUN /opt/shixian/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt -r requirements-build.txt
COPY pyproject.toml README.md LICENSE alembic.ini ./
COPY app ./app
COPY migrations ./migrations
RUN /opt/shixian/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation -e .
RUN /opt/shixian/bin/python -m compileall -q app migrations

FROM python:3.11-slim
RUN useradd --uid 10001 --home-dir /var/lib/shixian --create-home --shell /usr/sbin/nologin shixian
COPY --from=build /opt/shixian /opt/shixian
COPY --from=build /srv/shixian /srv/shixian
WORKDIR /var/lib/shixian
USER shixian
ENV PATH=/opt/shixian/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
ENV SHIXIAN_HOST=0.0.0.0 SHIXIAN_PORT=8000 SHIXIAN_DATABASE_URL=sqlite:////var/lib/shixian/shixian.sqlite
VOLUME /var/lib/shixian
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['SHIXIAN_PORT'] + '/healthz', timeout=2)"]
CMD ["shixian", "serve"]
