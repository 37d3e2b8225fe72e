# One program with what it needs, and nothing else:
#   docker build -t taskmq .
#   docker build -t lapinq --build-arg APP=lapinq .
ARG PYTHON=3.11

FROM python:${PYTHON}-slim AS build
ARG APP=taskmq
RUN pip install --no-cache-dir uv
ENV UV_PROJECT_ENVIRONMENT=/opt/app UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_PYTHON_DOWNLOADS=never
WORKDIR /src
COPY . .
RUN uv sync --locked --no-editable --no-default-groups --all-extras --package "$APP" \
    && ln -s "$APP" /opt/app/bin/app

FROM python:${PYTHON}-slim
RUN useradd --system --uid 10001 --create-home app && install -d -o app -g app /data
COPY --from=build /opt/app /opt/app
ENV PATH=/opt/app/bin:$PATH PYTHONUNBUFFERED=1 TASKMQ_HOST=0.0.0.0 TASKMQ_HEALTH_HOST=0.0.0.0
USER app
# The working directory is where an application's own modules are looked for, and where SQLite keeps its file.
WORKDIR /data
VOLUME /data
EXPOSE 8000 8001 9090
# A second signal would abort what still runs; one lets it finish.
STOPSIGNAL SIGTERM
ENTRYPOINT ["app"]
CMD ["--help"]
