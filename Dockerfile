# One image for everything the bot does: `bot serve` by default, any other command behind its name.
#
#   docker build --tag concept-digest .
#   docker run --rm concept-digest feeds --help
ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS build

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore \
    PIP_CONSTRAINT=/src/constraints.txt PIP_BUILD_CONSTRAINT=/src/constraints.txt
WORKDIR /src

# What changes seldom comes first, so that a change of the code does not install everything again.
COPY constraints.txt pyproject.toml hatch_build.py README.md LICENSE subscribers.example.csv ./
COPY templates templates
COPY bot/__init__.py bot/__init__.py
# The bot's own environment has no pip: nothing is installed into it later.
RUN python -m pip install --upgrade pip \
    && python -m venv --without-pip /opt/bot \
    && python -m pip --python /opt/bot/bin/python install --only-binary :all: --only-deps .

COPY bot bot
RUN python -m pip --python /opt/bot/bin/python install --no-deps .


FROM python:${PYTHON}-slim

LABEL org.opencontainers.image.title="Concept Digest" \
      org.opencontainers.image.description="Follow science by concept feeds, in personal digests by e-mail" \
      org.opencontainers.image.licenses="MIT"

# /data is the working folder: bot.db, and .env or bot.toml where there are any, lie there.
RUN groupadd --system --gid 10001 bot \
    && useradd --system --uid 10001 --gid bot --home-dir /data --no-create-home --shell /usr/sbin/nologin bot \
    && install --directory --owner bot --group bot --mode 0750 /data
COPY --from=build /opt/bot /opt/bot

ENV PATH=/opt/bot/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /data
VOLUME /data
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM

# Not urllib: it would ask a proxy named in the environment for 127.0.0.1.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "from http.client import HTTPConnection as H; c = H('127.0.0.1', 8000, timeout=4); c.request('GET', '/healthz'); raise SystemExit(c.getresponse().status != 200)"]

ENTRYPOINT ["bot"]
CMD ["serve", "--host", "0.0.0.0"]
